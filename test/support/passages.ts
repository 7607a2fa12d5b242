import { type ClientRequest, type IncomingMessage, request, type RequestOptions } from 'node:http';
import { onTestFinished } from 'vitest';
import { GrpcTransport } from '../../lib/transport/grpc/grpc-transport.js';
import type {
  InboundPassage,
  ListenAt,
  Listener,
  PassageAnswer,
  PassageHandler,
} from '../../lib/transport/transport.js';
import { transportOptions } from './transport-fixtures.js';

/** A port whose every path is handed to one handler. */
export interface PassagePort {
  readonly listener: Listener;
  readonly address: string;
  /** What has been handed over. */
  readonly seen: InboundPassage[];
}

/** Listens on a free port. */
export async function listenForPassages(
  pass: PassageHandler,
  listen: Omit<ListenAt, 'host' | 'port'> = {},
): Promise<PassagePort> {
  const seen: InboundPassage[] = [];
  const endpoint = { pass: (passage: InboundPassage) => (seen.push(passage), pass(passage)) };
  const transport = new GrpcTransport(transportOptions());
  const listener = await transport.listen({ host: '127.0.0.1', port: 0, ...listen }, (path) =>
    path.startsWith('/own') ? async (call) => call.body : endpoint,
  );
  onTestFinished(() => listener.destroy());
  return { listener, address: listener.address, seen };
}

/** Answers with what it is sent, as it comes, trailers too. */
export const echo: PassageHandler = async ({ method, target, headers, body, trailers }) => ({
  status: 200,
  headers: { 'content-type': headers['content-type'] ?? 'text/plain', 'x-asked': `${method} ${target}` },
  body,
  trailers,
});

/** An answer of a text. */
export function said(text: string, more: Partial<PassageAnswer> = {}): PassageAnswer {
  return { status: 200, headers: {}, body: chunks(text), ...more };
}

/** Chunks, one after the other. */
export async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array, void> {
  for (const text of texts) yield Buffer.from(text);
}

/** How much of an endless body was taken. */
export interface Endless {
  readonly body: AsyncIterable<Uint8Array>;
  /** Bytes taken. */
  taken: number;
  /** Whether its reader has left. */
  left: boolean;
}

/** A body that never ends, and counts what is taken of it. */
export function endless(size = 65_536): Endless {
  const chunk = Buffer.alloc(size, 'x');
  const state: { -readonly [K in keyof Endless]: Endless[K] } = { taken: 0, left: false, body: endlessBody() };
  async function* endlessBody(): AsyncGenerator<Uint8Array, void> {
    try {
      for (;;) {
        state.taken += size;
        yield chunk;
      }
    } finally {
      state.left = true;
    }
  }
  return state;
}

/** A request over HTTP/1.1 under way, and its answer. */
export interface Asked {
  readonly call: ClientRequest;
  readonly answer: Promise<IncomingMessage>;
}

/** Begins a request with node:http; its body is the test's to write. */
export function ask(address: string, path: string, options: RequestOptions = {}): Asked {
  const call = request(`http://${address}${path}`, { agent: false, ...options });
  const answer = new Promise<IncomingMessage>((resolve, reject) => call.on('response', resolve).on('error', reject));
  answer.catch(() => undefined);
  onTestFinished(() => void call.destroy());
  return { call, answer };
}

/** The whole of a body as text. */
export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString();
}
