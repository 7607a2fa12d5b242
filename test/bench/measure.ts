import { performance } from 'node:perf_hooks';
import type { Cell } from './cell.js';
import type { Call } from './peer.js';
import { quantile } from './stats.js';

/** What a client found out in one run of one cell. */
export interface Measurement {
  readonly calls: number;
  readonly callsPerSecond: number;
  /** Median time of a call, in µs. */
  readonly p50: number;
  /** 99th percentile of the time of a call, in µs. */
  readonly p99: number;
}

/** Calls for the given time with as many calls under way as the cell says. */
export async function measure(call: Call, cell: Cell, seconds: number): Promise<Measurement> {
  const micros: number[] = [];
  const begin = performance.now();
  const end = begin + seconds * 1000;
  const caller = async (): Promise<void> => {
    for (let now = performance.now(); now < end;) {
      if ((await call()) !== cell.bytes) throw new Error(`the echo is not of ${cell.bytes} bytes`);
      const after = performance.now();
      micros.push((after - now) * 1000);
      now = after;
    }
  };
  await Promise.all(Array.from({ length: cell.concurrency }, caller));
  const elapsed = performance.now() - begin;
  const sorted = Float64Array.from(micros).sort();
  return {
    calls: micros.length,
    callsPerSecond: (micros.length * 1000) / elapsed,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
  };
}

/** Text of so many bytes in which no character repeats predictably: flat, ASCII, nothing to escape in JSON. */
export function payloadOf(bytes: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const buffer = Buffer.allocUnsafe(bytes);
  for (let i = 0, seed = 1; i < bytes; i++) {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    buffer[i] = alphabet.charCodeAt((seed >>> 16) % alphabet.length);
  }
  return buffer.toString('latin1');
}
