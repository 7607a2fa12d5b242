import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cell, LargeMessages } from './cell.js';
import type { Call, Dialled } from './peer.js';
import { Sample } from './sample.js';
import { quantile } from './stats.js';

/** Time for a receiver to be waiting at the other side, in ms. */
const SETTLE_MS = 2;

/** Fewest large messages that pass beside small calls, however long they take. */
const FEWEST_LARGE = 2;

/** What a client found out in one run of one cell. */
export interface Measurement {
  readonly calls: number;
  readonly callsPerSecond: number;
  /** Median time of a call, in µs. */
  readonly p50: number;
  /** 90th percentile of the time of a call, in µs. */
  readonly p90: number;
  /** 99th percentile of the time of a call, in µs. */
  readonly p99: number;
  /** The longest time of a call, in µs. */
  readonly max: number;
  /** CPU time that the process has used for each call, in µs. */
  readonly cpu: number;
  /** What has passed beside the calls, where the cell is about that. */
  readonly large?: LargePassed;
}

/** The large messages that have passed beside small calls. */
export interface LargePassed {
  readonly messages: number;
  readonly bytesPerSecond: number;
}

/**
 * Does for the given time what the cell says, with as many calls under way. Beside large messages the calls go on until the last of
 * them has passed.
 */
export async function measure(client: Dialled, cell: Cell, seconds: number): Promise<Measurement> {
  const payload = payloadOf(cell.bytes);
  const next = cell.kind === 'waiting' ? settled(client, payload) : always(client.prepare(payload));
  const sample = new Sample();
  const cpuBefore = cpuMicros();
  const begin = performance.now();
  const end = begin + seconds * 1000;
  let passing = cell.beside !== undefined;
  const large = cell.beside && pass(client, cell.beside, end).finally(() => (passing = false));
  const caller = async (): Promise<void> => {
    for (let now = begin; large ? passing : now < end;) {
      const call = next();
      const ready = call instanceof Promise ? await call : call;
      const before = performance.now();
      if ((await ready()) !== cell.bytes) throw new Error(`what came back is not of ${cell.bytes} bytes`);
      now = performance.now();
      sample.add((now - before) * 1000);
    }
  };
  const [passed] = await Promise.all([large, ...Array.from({ length: cell.concurrency }, caller)]);
  const elapsed = performance.now() - begin;
  const cpu = (cpuMicros() - cpuBefore) / sample.count;
  const sorted = sample.sorted();
  return {
    calls: sample.count,
    callsPerSecond: (sample.count * 1000) / elapsed,
    p50: quantile(sorted, 0.5),
    p90: quantile(sorted, 0.9),
    p99: quantile(sorted, 0.99),
    max: quantile(sorted, 1),
    cpu,
    ...(passed && { large: passed }),
  };
}

/** Lets large messages pass, one after the other, until the time is over. */
async function pass(client: Dialled, { to, bytes }: LargeMessages, end: number): Promise<LargePassed> {
  const [sent, received] = to === 'server' ? [bytes, 1] : [1, bytes];
  const call = client.prepareUneven?.(sent, received);
  if (!call) throw new Error('the peer has no large messages');
  const begin = performance.now();
  let messages = 0;
  for (; messages < FEWEST_LARGE || performance.now() < end; messages++) {
    const came = await call();
    if (came !== received) throw new Error(`${came} bytes came back, not ${received}`);
  }
  return { messages, bytesPerSecond: (messages * bytes * 1000) / (performance.now() - begin) };
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
