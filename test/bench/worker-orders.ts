import type { Cell } from './cell.js';
import type { Measurement } from './measure.js';

/** What the bench asks of a worker process. */
export interface Orders {
  /** Start the peer's server; answers its port. */
  serve: { in: { peer: string }; out: number };
  /** Start a relay of the peer; answers its port. */
  relay: { in: { peer: string; next: number; place: number }; out: number };
  /** Start the peer's client. */
  dial: { in: { peer: string; port: number }; out: null };
  /** Call for a while; only a client can. */
  measure: { in: { cell: Cell; seconds: number }; out: Measurement };
  /** CPU time that the process has used, in µs. */
  cpu: { in: object; out: number };
  /** Bytes in use, in the heap and beside it, after a collection. */
  memory: { in: object; out: number };
  /** Begin a CPU profile. */
  profile: { in: object; out: null };
  /** End the CPU profile and write it. */
  profiled: { in: { file: string }; out: null };
  /** Stop the server or the client; the process then ends by itself. */
  stop: { in: object; out: null };
}

/** An order as it travels to the worker. */
export type Order = { [K in keyof Orders]: { readonly kind: K } & Orders[K]['in'] }[keyof Orders];

/** What the worker sends back. */
export type Answer = { readonly value: Orders[keyof Orders]['out'] } | { readonly error: string };
