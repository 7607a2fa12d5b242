import { onTestFinished } from 'vitest';
import type { LimitOptions } from '../../lib/options/mesh-options.js';
import { GrpcTransport } from '../../lib/transport/grpc/grpc-transport.js';
import type { CallAnswer, InboundCall, ListenAt, Listener } from '../../lib/transport/transport.js';
import { transportOptions } from './transport-fixtures.js';

/** A port under test, the calls that it has handed over, and what became of their answers. */
export interface TestPort {
  readonly listener: Listener;
  readonly address: string;
  readonly seen: InboundCall[];
  readonly settled: boolean[];
  /** Lets the calls of `/wait` go on. */
  release(): void;
}

/** What a test may say of its port. */
export interface TestPortInit {
  readonly listen?: Omit<ListenAt, 'host' | 'port'>;
  readonly limits?: LimitOptions;
}

/**
 * Listens on a free port. `/echo` answers with the body, `/wait` once let go, `/large?n` with so many bytes; all of them tell
 * what became of their answers.
 */
export async function listenOnPort({ listen = {}, limits = {} }: TestPortInit = {}): Promise<TestPort> {
  const seen: InboundCall[] = [];
  const settled: boolean[] = [];
  const gates: (() => void)[] = [];
  const settling = (body: Uint8Array): CallAnswer => ({
    body,
    contentType: 'text/plain',
    headers: { 'x-answer': 'yes' },
    settle: (delivered) => void settled.push(delivered),
  });
  const handlers: Readonly<Record<string, (call: InboundCall) => Promise<CallAnswer>>> = {
    '/echo': async (call) => settling(call.body),
    '/wait': (call) => new Promise((resolve) => gates.push(() => resolve(settling(call.body)))),
    '/large': async (call) => settling(Buffer.alloc(Number(call.query), 'x')),
  };
  const options = transportOptions({}, limits);
  const listener = await new GrpcTransport(options).listen({ host: '127.0.0.1', port: 0, ...listen }, (path) => {
    const handler = handlers[path];
    return handler && ((call) => (seen.push(call), handler(call)));
  });
  onTestFinished(() => listener.destroy());
  const release = (): void => gates.splice(0).forEach((go) => go());
  return { listener, address: listener.address, seen, settled, release };
}
