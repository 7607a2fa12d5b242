import type { Cell } from './cell.js';
import type { Measurement } from './measure.js';

/** What the bench asks of a worker process. `end` names one of the ends that the process has: `raw server`. */
export interface Orders {
  /** Start the peer's server; answers its port. */
  serve: { in: { end: string; peer: string }; out: number };
  /** Start a relay of the peer; answers its port. */
  relay: { in: { end: string; peer: string; next: number; place: number }; out: number };
  /** Get ready to be the peer's client. */
  dial: { in: { end: string; peer: string; port: number }; out: null };
  /** Call for a while; only a client can. */
  measure: { in: { end: string; cell: Cell; seconds: number }; out: Measurement };
  /** CPU time that the process has used, in µs. */
  cpu: { in: object; out: number };
  /** Bytes in use, in the heap and beside it, after a collection. */
  memory: { in: object; out: number };
  /** Begin a CPU profile. */
  profile: { in: object; out: null };
  /** End the CPU profile and write it. */
  profiled: { in: { file: string }; out: null };
  /** Stop the end; without any the process ends by itself. */
  stop: { in: { end: string }; out: null };
}

/** An order as it travels to the worker. */
export type Order = { [K in keyof Orders]: { readonly kind: K } & Orders[K]['in'] }[keyof Orders];

/** What the worker sends back. */
export type Answer = { readonly value: Orders[keyof Orders]['out'] } | { readonly error: string };
