import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { awaitProtocol, protocolOf, type Protocol } from '../../../../lib/transport/port/first-bytes.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** Bytes that begin like one of the protocols, or like none. */
const beginnings = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 60 }),
  fc.uint8Array({ maxLength: 20 }).map((rest) => Buffer.concat([PREFACE, rest])),
  fc.nat(PREFACE.length).map((length) => PREFACE.subarray(0, length)),
  fc.uint8Array({ maxLength: 20 }).map((rest) => Buffer.concat([Buffer.of(0x16), rest])),
);

/** What is told of bytes that come in these pieces, and what is left for who reads on. */
async function told(bytes: Uint8Array, cuts: readonly number[]) {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const protocols: Protocol[] = [];
  let left = Buffer.alloc(0);
  awaitProtocol(socket as Socket, (protocol) => {
    protocols.push(protocol);
    socket.on('data', (chunk: Buffer) => (left = Buffer.concat([left, chunk])));
  });
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].toSorted((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    if (end > from) socket.push(Buffer.from(bytes.subarray(from, end)));
    from = end;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { protocols, left };
}

describe('the first bytes of a connection', () => {
  it.each([
    ['', undefined],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r', undefined],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'http2'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\rx', 'http1'],
    ['P', undefined],
    ['POST', 'http1'],
    ['\x16', 'tls'],
    ['\x15', 'http1'],
    ['\0', 'http1'],
  ])('%j are of %s', (bytes, protocol) => {
    expect(protocolOf(Buffer.from(bytes, 'latin1'))).toBe(protocol);
  });

  it('tell the same in however many pieces they come, and none is lost', async () => {
    await fc.assert(
      fc.asyncProperty(beginnings, fc.array(fc.nat(80), { maxLength: 6 }), async (bytes, cuts) => {
        const { protocols, left } = await told(bytes, cuts);
        const protocol = protocolOf(Buffer.from(bytes));
        expect(protocols).toEqual(protocol ? [protocol] : []);
        expect(left).toEqual(protocol ? Buffer.from(bytes) : Buffer.alloc(0));
      }),
      { numRuns: 150 },
    );
  });
});
