/** An institution, by its ids. */
export interface Party {
  readonly nodeId: string;
  readonly instId: string;
}

/** Asks the bureau before it lends. */
export const BANK: Party = { nodeId: 'LX0000010000010', instId: 'JG0100000100000000' };

/** Knows who pays back. */
export const BUREAU: Party = { nodeId: 'LX0000010000020', instId: 'JG0100000200000000' };

/** The session in which the bank tells of payments, and the bureau reports on them. */
export const SESSION_ID = 'payments-of-november';

/** How many payments the bank tells of. */
export const PAYMENTS = 20;
