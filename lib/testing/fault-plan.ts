import type { WireHeaders } from '../transport/transport.js';

/**
 * What happens to a call:
 * - `pass`: nothing out of the ordinary;
 * - `refuse`: nobody answers at the address, so nothing is sent: E0000000619 with `neverSent`;
 * - `lose`: the call is sent and handled, and the connection is lost before the answer arrives: E0000000607;
 * - `{ delayMs }`: it is sent only after that time.
 */
export type Fault = 'pass' | 'refuse' | 'lose' | { readonly delayMs: number };

/** A call as a {@link FaultPlan} sees it. */
export interface PlannedCall {
  /** How many calls went through the transport before it. */
  readonly index: number;
  /** Where it goes, `host:port`. */
  readonly address: string;
  readonly path: string;
  readonly headers: WireHeaders;
}

/** Decides what happens to each call. */
export type FaultPlan = (call: PlannedCall) => Fault;

/** How often {@link faultsAtRandom} does what: shares of all calls, between 0 and 1, that sum up to 1 at most. */
export interface FaultShares {
  /** Where the sequence begins: the same seed gives the same faults. Default 1. */
  readonly seed?: number;
  readonly refuse?: number;
  readonly lose?: number;
  readonly delay?: number;
  /** How long a delayed call is delayed, in ms. Default 10. */
  readonly delayMs?: number;
}

/**
 * Faults one after the other, from the start again after the last.
 *
 * @example
 * faultsInTurn('lose', 'pass') // every other call is lost, the first first
 */
export function faultsInTurn(...faults: readonly Fault[]): FaultPlan {
  return ({ index }) => faults[index % faults.length] ?? 'pass';
}

/** Faults that look random, and are the same in each run with the same seed. */
export function faultsAtRandom(shares: FaultShares): FaultPlan {
  const { seed = 1, refuse = 0, lose = 0, delay = 0, delayMs = 10 } = shares;
  return ({ index }) => {
    const drawn = draw(seed, index);
    if (drawn < refuse) return 'refuse';
    if (drawn < refuse + lose) return 'lose';
    return drawn < refuse + lose + delay ? { delayMs } : 'pass';
  };
}

/** The `index`-th number of a sequence, between 0 and 1: the mixing steps of MurmurHash3. */
function draw(seed: number, index: number): number {
  let mixed = Math.imul(seed ^ Math.imul(index + 1, 0x9e37_79b1), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 0x1_0000_0000;
}
