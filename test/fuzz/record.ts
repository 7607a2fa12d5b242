import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { PayloadWriter } from '../../lib/protocol/payload.js';
import { writePackedFailure, writePackedSuccess } from '../../lib/protocol/packed/packed-answer.js';
import type { PackedContent } from '../../lib/protocol/packed/packed-content.js';
import { writePackedRequest } from '../../lib/protocol/packed/packed-request.js';
import { FrameReader } from '../../lib/transport/link/frame-reader.js';
import { encodeHello } from '../../lib/transport/link/hello.js';
import { TcpTransport } from '../../lib/transport/tcp/tcp-transport.js';
import { FrameType, MAGIC } from '../../lib/transport/link/wire.js';
import type { PayloadReader } from '../../lib/protocol/payload.js';
import { GREETING } from '../support/tcp-frames.js';
import { transportOptions } from '../support/transport-fixtures.js';
import { acceptor } from './connections.js';
import { keep } from './corpus.js';
import { converse } from './targets/client.js';

/** Makes the recordings of all targets anew. @returns what was made, in a sentence */
export async function record(): Promise<string> {
  const [said, answered] = await recordConversation();
  keep('corpus', 'server', said, 'conversation');
  keep('corpus', 'client', answered, 'conversation');
  keep('corpus', 'frames', said.subarray(MAGIC.length), 'caller');
  keep('corpus', 'frames', answered, 'server');
  keep('corpus', 'heads', headsIn(said), 'caller');
  keep('corpus', 'hello', encodeHello(GREETING), 'greeting');
  for (const [name, bytes] of Object.entries(BEGINNINGS)) {
    keep('corpus', 'first-bytes', bytes, name);
    keep('corpus', 'server', bytes, name);
  }
  keep('corpus', 'first-bytes', said.subarray(0, 64), 'mesh');
  keep('corpus', 'plain-request', PLAIN, 'plain');
  keep('corpus', 'server', Buffer.concat([PLAIN, PLAIN, CHUNKED, PLAIN]), 'http1-row');
  recordPacked();
  return 'the recordings were made anew';
}

/** A request over HTTP/1.1 as most callers make them. */
const PLAIN = Buffer.from(
  [
    'POST /echo?a=b HTTP/1.1\r\nHost: 127.0.0.1:7304\r\nConnection: keep-alive\r\nContent-Type: application/json',
    'accept: */*\r\nuser-agent: undici\r\nX-Trace: 0af7651916cd43dd\r\ncontent-length: 15\r\n\r\n{"token":"abc"}',
  ].join('\r\n'),
);

/** The same, with a body of which nobody says how long it is. */
const CHUNKED = Buffer.from('POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n');

/** What other protocols begin with. */
const BEGINNINGS: Readonly<Record<string, Buffer>> = {
  http1: Buffer.from(
    'POST /mesh/invoke HTTP/1.1\r\nhost: a\r\nmesh-urn: a.b.c\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}',
  ),
  http2: Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from('000000040000000000', 'hex')]),
  tls: Buffer.from('1603010200010001fc0303', 'hex'),
};

/** All that both sides say of what {@link converse} does, heard by somebody between. */
async function recordConversation(): Promise<readonly [said: Buffer, answered: Buffer]> {
  const transport = new TcpTransport(transportOptions({}, { maxMessageBytes: 256 * 1024 }));
  const listener = await transport.listen({ host: '127.0.0.1', port: 0 }, acceptor);
  const heard: [Buffer[], Buffer[]] = [[], []];
  const between = createServer((caller) => {
    const server = connect(Number(listener.address.split(':')[1]), '127.0.0.1');
    relay(caller, server, heard[0]);
    relay(server, caller, heard[1]);
  });
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
  const connection = transport.dial(`127.0.0.1:${(between.address() as AddressInfo).port}`);
  for (let round = 0; round < 3; round++) await Promise.allSettled(converse(connection));
  await connection.close();
  await listener.close();
  between.close();
  return [Buffer.concat(heard[0]), Buffer.concat(heard[1])];
}

function relay(from: Socket, to: Socket, heard: Buffer[]): void {
  from.on('data', (chunk: Buffer) => heard.push(chunk)).on('error', () => undefined);
  from.pipe(to);
}

/** The heads of calls and streams, each behind its length. */
function headsIn(said: Buffer): Buffer {
  const heads: Buffer[] = [];
  const sink = {
    piece: () => undefined,
    frame: (type: number, _id: number, input: PayloadReader) => {
      if (type !== FrameType.CALL && type !== FrameType.OPEN) return;
      input.number();
      const head = input.take(input.number());
      const length = Buffer.alloc(2);
      length.writeUInt16BE(head.length);
      heads.push(length, head);
    },
  };
  new FrameReader(sink, MAGIC.length).push(said);
  return Buffer.concat(heads);
}

function recordPacked(): void {
  const plain: PackedContent = { contentType: '', encoded: Buffer.from('{"token":"abc"}'), parts: [] };
  const bytes: PackedContent = {
    contentType: 'application/msgpack',
    encoded: Buffer.from('{"data":null,"list":[null]}'),
    parts: [
      { path: ['data'], bytes: Buffer.alloc(40, 7) },
      { path: ['list', '0'], bytes: Buffer.alloc(0) },
    ],
  };
  const out = new PayloadWriter();
  const keepWritten = (target: string, name: string): void => {
    keep('corpus', target, Buffer.from(out.written), name);
    out.clear();
  };
  for (const [name, content] of Object.entries({ plain, bytes })) {
    const parties = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', runMode: 1 };
    const attachments: Record<string, string> = name === 'plain' ? {} : { 'x-tenant': 'north', 'x-user': 'eve' };
    writePackedRequest(out, { timeoutMs: 5_000, ...parties, attachments, content });
    keepWritten('packed-request', name);
    writePackedSuccess(out, content);
    keepWritten('packed-answer', name);
  }
  writePackedFailure(out, { code: 'E0000000403', message: 'not you', cause: { details: ['because', 'so'] } });
  keepWritten('packed-answer', 'failure');
}
