import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cell } from './cell.js';
import type { Call, Dialled } from './peer.js';
import { Sample } from './sample.js';
import { quantile } from './stats.js';

/** Time for a receiver to be waiting at the other side, in ms. */
const SETTLE_MS = 2;

/** What a client found out in one run of one cell. */
export interface Measurement {
  readonly calls: number;
  readonly callsPerSecond: number;
  /** Median time of a call, in µs. */
  readonly p50: number;
  /** 99th percentile of the time of a call, in µs. */
  readonly p99: number;
  /** CPU time that the process has used for each call, in µs. */
  readonly cpu: number;
}

/** Does for the given time what the cell says, with as many calls under way. */
export async function measure(client: Dialled, cell: Cell, seconds: number): Promise<Measurement> {
  const payload = payloadOf(cell.bytes);
  const next = cell.kind === 'waiting' ? settled(client, payload) : always(client.prepare(payload));
  const sample = new Sample();
  const cpuBefore = cpuMicros();
  const begin = performance.now();
  const end = begin + seconds * 1000;
  const caller = async (): Promise<void> => {
    for (let now = begin; now < end;) {
      const call = next();
      const ready = call instanceof Promise ? await call : call;
      const before = performance.now();
      if ((await ready()) !== cell.bytes) throw new Error(`what came back is not of ${cell.bytes} bytes`);
      now = performance.now();
      sample.add((now - before) * 1000);
    }
  };
  await Promise.all(Array.from({ length: cell.concurrency }, caller));
  const elapsed = performance.now() - begin;
  const cpu = (cpuMicros() - cpuBefore) / sample.count;
  const sorted = sample.sorted();
  return {
    calls: sample.count,
    callsPerSecond: (sample.count * 1000) / elapsed,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    cpu,
  };
}

/** CPU time that this process has used, in µs. */
export function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function always(call: Call): () => Call | Promise<Call> {
  return () => call;
}

/** Before each call, which is not measured, the receiver begins to wait. All peers are given the same time for it. */
function settled(client: Dialled, payload: string): () => Promise<Call> {
  const wait = client.prepareWaiting?.(payload) ?? always(client.prepare(payload));
  return async () => {
    const call = wait();
    await sleep(SETTLE_MS);
    return call;
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
