import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { type MeshOptions, type MeshSession, MeshSessions, type OpenOptions, type PartnerOptions } from 'nestjs-mesh';
import { onTestFinished } from 'vitest';
import { decodePtp } from '../../lib/protocol/ptp/protobuf-reader.js';
import type { PtpMessages } from '../../lib/protocol/ptp/messages.js';
import { encodePtp } from '../../lib/protocol/ptp/protobuf-writer.js';
import { GrpcTransport } from '../../lib/transport/grpc/grpc-transport.js';
import type { CallAnswer, InboundCall } from '../../lib/transport/transport.js';
import { startApp, type TestApp } from './mesh-app.js';
import { outbound, transportOptions } from './transport-fixtures.js';

/** Nodes of three institutions. */
export const A = { nodeId: 'LX0000010000010', instId: 'JG0100000100000000' };
export const B = { nodeId: 'LX0000010000020', instId: 'JG0100000200000000' };
export const C = { nodeId: 'LX0000010000030', instId: 'JG0100000300000000' };

/** Starts a node with its partners. */
export function startNode(own: MeshOptions, ...partners: PartnerOptions[]): Promise<TestApp> {
  return startApp({ options: { ...own, partners } });
}

/** The session `s` as an application at a node has it. */
export function openAt({ app }: TestApp, options: OpenOptions = {}): MeshSession {
  return app.get(MeshSessions).open('s', options);
}

/** A payload of a text. */
export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text);
}

/** What a node holds in a topic of the session `s`, taken out of it. */
export async function drained(node: TestApp, topic = ''): Promise<string[]> {
  const session = openAt(node);
  const texts: string[] = [];
  for (;;) {
    const payload = await session.pop({ topic, timeoutMs: 0 });
    if (!payload) return texts;
    texts.push(Buffer.from(payload).toString());
  }
}

/** Something in the place of a partner's node. */
export interface Stub {
  readonly address: string;
  /** What has arrived. */
  readonly seen: InboundCall[];
}

/** Listens as a partner's node would, over gRPC and HTTP, and answers as the test says; by default with success. */
export async function startStub(
  answer: (call: InboundCall) => CallAnswer | Promise<CallAnswer> = () => outboundAnswer({}),
): Promise<Stub> {
  const seen: InboundCall[] = [];
  const listener = await new GrpcTransport(transportOptions()).listen({ host: '127.0.0.1', port: 0 }, () => (call) => {
    seen.push(call);
    return Promise.resolve(answer(call));
  });
  onTestFinished(() => listener.destroy());
  return { address: listener.address, seen };
}

/** An answer in protobuf: a success, unless said otherwise. */
export function outboundAnswer(fields: Partial<PtpMessages['Outbound']>): CallAnswer {
  const plain = { metadata: {}, payload: new Uint8Array(0), code: 'E0000000000', message: 'success' };
  return { contentType: 'application/x-protobuf', body: encodePtp('Outbound', { ...plain, ...fields }) };
}

/** An address where nothing listens. */
export async function deadAddress(): Promise<string> {
  const server = createServer();
  const port = Number((await listenUntilTheEnd(server)).split(':')[1]);
  // The near end of a connection: nobody listens at its port, and nobody else is given it meanwhile.
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return `127.0.0.1:${socket.localPort}`;
}

/** An address that takes connections and says nothing. */
export async function silentAddress(): Promise<string> {
  return listenUntilTheEnd(createServer((socket) => socket.on('error', () => undefined).resume()));
}

/** A way to an address on which the first answers are lost: where one should pass, the connection breaks. */
export async function startLossyWay(target: string, losses: number): Promise<string> {
  const [host, port] = target.split(':');
  let left = losses;
  return listenUntilTheEnd(
    createServer((inner) => {
      const outer = connect(Number(port), host);
      inner.on('error', () => undefined).on('close', () => outer.destroy());
      outer.on('error', () => undefined).on('close', () => inner.destroy());
      inner.pipe(outer);
      outer.on('data', (chunk: Buffer) => {
        const isAnswer = chunk.includes('E0000000');
        if (isAnswer && left-- > 0) inner.resetAndDestroy();
        else inner.write(chunk);
      });
    }),
  );
}

async function listenUntilTheEnd(server: Server): Promise<string> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return listen(server);
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

type Headers = Readonly<Record<string, string>>;

/** What a node is asked with bytes of the test's own making. */
export interface RawAsk {
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** Asks a node over gRPC; the answer is read as an `Outbound`. */
export async function askGrpc(address: string, ask: RawAsk, timeoutMs?: number): Promise<PtpMessages['Outbound']> {
  const connection = new GrpcTransport(transportOptions()).dial(address);
  onTestFinished(() => connection.destroy());
  return decodePtp('Outbound', await connection.call(outbound({ ...ask, ...(timeoutMs && { timeoutMs }) })));
}

/** Asks a node over HTTP, on a connection that ends with the answer: the node need not wait for more when it closes. */
export async function askHttp(address: string, { path, headers, body }: RawAsk): Promise<Response> {
  const ending = { ...headers, connection: 'close' };
  return fetch(`http://${address}${path}`, { method: 'POST', headers: ending, body: Buffer.from(body) });
}

/** A push as it stands in protobuf. */
export function pushBytes(payload: string, topic = '', metadata: Headers = {}): Uint8Array {
  return encodePtp('PushInbound', { topic, payload: bytesOf(payload), metadata });
}
