import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';

/** A request that `node:http` has read. */
export interface ReadByNode {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What `node:http` has read from a connection, and what it has written to it. */
export interface NodeReading {
  readonly requests: readonly ReadByNode[];
  /** Whatever is not a request that is there as a whole. */
  readonly others: readonly string[];
  readonly written: string;
}

/** How the requests are answered. */
export interface AnswerOfNode {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: string;
}

const OK: AnswerOfNode = { status: 200, headers: {}, body: '' };

/** Has a server of `node:http` read a connection on which these bytes come. */
export async function readByNode(
  bytes: Uint8Array,
  { status, headers, body }: AnswerOfNode = OK,
): Promise<NodeReading> {
  const requests: ReadByNode[] = [];
  const others: string[] = [];
  const written: Buffer[] = [];
  const server = createServer({ maxHeaderSize: 32 * 1024, keepAliveTimeout: 75_000 });
  server.on('request', (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => others.push('broken'));
    request.on('end', () => requests.push(readFrom(request, Buffer.concat(chunks))));
    response.writeHead(status, headers).end(body);
  });
  for (const odd of ['checkContinue', 'upgrade', 'connect', 'clientError']) server.on(odd, () => others.push(odd));
  const connection = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _, done) => (written.push(chunk), done()),
  });
  connection.on('error', () => undefined);
  server.emit('connection', connection as Socket);
  connection.push(bytes);
  for (let turns = 0; turns < 3; turns++) await turn();
  connection.destroy();
  server.close();
  return { requests, others, written: Buffer.concat(written).toString('latin1') };
}

/** The longest body of which {@link filledUp} makes what is missing, in bytes. */
const MAX_FILLED = 100_000;

/** The bytes of a request and what is missing of its body; `undefined` when that is very much. @param end where the request ends */
export function filledUp(bytes: Uint8Array, end: number): Buffer | undefined {
  const missing = Math.max(0, end - bytes.length);
  return missing > MAX_FILLED ? undefined : Buffer.concat([bytes.subarray(0, end), Buffer.alloc(missing, '.')]);
}

function readFrom({ method = '', url = '', headers }: IncomingMessage, body: Buffer): ReadByNode {
  return { method, target: url, headers, body: body.toString('latin1') };
}
