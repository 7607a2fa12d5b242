/** One of the two institutions, and its node. */
export interface Party {
  readonly number: 4 | 5;
  readonly nodeId: string;
  readonly instId: string;
}

export const NODE_4: Party = { number: 4, nodeId: 'LX0000010000040', instId: 'JG0100000400000000' };
export const NODE_5: Party = { number: 5, nodeId: 'LX0000010000050', instId: 'JG0100000500000000' };

/** The session that the two share: whoever knows its id takes part. */
export const SESSION_ID = 'session_id_008';

/** Messages that each sends to the other in an exchange. */
export const MESSAGES = 100;

/** What one sends to the other: "node 4 sends to node 5 message 0", and so on. */
export function textsOf(from: Party, to: Party): readonly string[] {
  return Array.from({ length: MESSAGES }, (_, index) => `节点${from.number}发送给节点${to.number}报文${index}`);
}
