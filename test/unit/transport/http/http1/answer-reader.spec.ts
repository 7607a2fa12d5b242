import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerReader, type Http1Answer } from '../../../../../lib/transport/http/http1/answer-reader.js';
import { MeshError } from '../../../../../lib/errors/mesh-error.js';

const LIMIT = 100_000;

/** Reads pieces, each out of memory that holds for the moment only. @returns the answer, and how many bytes came behind it */
function readPieces(reader: AnswerReader, pieces: readonly Buffer[]): { answer?: Http1Answer; surplus: number } {
  let answer: Http1Answer | undefined;
  let surplus = 0;
  for (const piece of pieces) {
    const passing = Buffer.from(piece);
    if (answer) surplus += piece.length;
    else if ((answer = reader.read(passing))) surplus = piece.length - reader.position;
    passing.fill('?');
  }
  return { ...(answer && { answer }), surplus };
}

function read(text: string, reader = new AnswerReader(LIMIT)): Http1Answer {
  const { answer, surplus } = readPieces(reader, [Buffer.from(text, 'latin1')]);
  if (!answer || surplus > 0) throw new Error(`no answer, or ${surplus} bytes behind it`);
  return answer;
}

/** Cuts bytes at the given places. */
function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

function chunked(body: Buffer, sizes: readonly number[]): Buffer {
  const pieces = cut(body, sizes).filter((piece) => piece.length > 0);
  const chunks = pieces.map((piece) =>
    Buffer.concat([Buffer.from(`${piece.length.toString(16)};x=y\r\n`), piece, Buffer.from('\r\n')]),
  );
  return Buffer.concat([...chunks, Buffer.from('0\r\nX-Trailer: passed over\r\n\r\n')]);
}

const OK = 'HTTP/1.1 200 OK\r\n';

describe('what reads answers in HTTP/1.1', () => {
  it('reads the same however the bytes are cut, whatever says how long the body is', () => {
    const answers = fc.record({
      body: fc.uint8Array({ maxLength: 5_000 }).map((bytes) => Buffer.from(bytes)),
      framing: fc.constantFrom('length', 'chunks', 'end'),
      interim: fc.constantFrom('', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'),
      value: fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/),
      cuts: fc.array(fc.nat(), { maxLength: 20 }),
      sizes: fc.array(fc.nat(), { maxLength: 5 }),
    });
    fc.assert(
      fc.property(answers, ({ body, framing, interim, value, cuts, sizes }) => {
        const said = {
          length: `Content-Length: ${body.length}\r\n`,
          chunks: 'Transfer-Encoding: Chunked\r\n',
          end: '',
        }[framing];
        const head = Buffer.from(`${interim}HTTP/1.1 201 Made\r\nX-Value:  ${value}\t\r\nx-value: 2\r\n${said}\r\n`);
        const bytes = Buffer.concat([head, framing === 'chunks' ? chunked(body, sizes) : body]);
        const reader = new AnswerReader(LIMIT);
        for (const times of framing === 'end' ? [1] : [1, 2]) {
          const { answer = reader.end(), surplus } = readPieces(reader, cut(bytes, cuts));
          expect([times, answer?.status, answer?.headers, surplus]).toEqual([
            times,
            201,
            { 'x-value': `${value}, 2` },
            0,
          ]);
          expect(answer?.body.equals(body)).toBe(true);
          expect(answer?.keptMs).toBe(framing === 'end' ? 0 : Infinity);
        }
      }),
    );
  });

  it('does not break otherwise than by an error, whatever comes', () => {
    const words = [
      'HTTP/1.1 200 OK',
      '\r\n',
      '\n',
      'a: b',
      'content-length: 3',
      'transfer-encoding: chunked',
      '5',
      'ff;',
      ' ',
      'abc',
      '\0',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words)), fc.array(fc.nat()), (said, cuts) => {
        const reader = new AnswerReader(LIMIT);
        try {
          readPieces(reader, cut(Buffer.from(said.join('')), cuts));
          reader.end();
        } catch (error) {
          expect((error as Error).message).toMatch(/^what came is no answer in HTTP\/1\.1: /);
        }
      }),
    );
  });

  it.each([
    ['another version', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['no status', 'HTTP/1.1 OK\r\n\r\n'],
    ['no answer', 'rubbish\r\n\r\n'],
    ['lines that end otherwise', 'HTTP/1.1 200 OK\n\n'],
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n'],
    ['a field on two lines', `${OK}x-a: b\r\n c\r\n\r\n`],
    ['a field without a colon', `${OK}x-a\r\n\r\n`],
    ['a space before the colon', `${OK}content-length : 3\r\n\r\nabc`],
    ['a control character', `${OK}x-a: b\0c\r\n\r\n`],
    ['a bare carriage return', `${OK}x-a: b\rcontent-length: 3\r\n\r\n`],
    ['two lengths', `${OK}content-length: 3\r\ncontent-length: 4\r\n\r\nabcd`],
    ['the same length twice', `${OK}content-length: 3\r\ncontent-length: 3\r\n\r\nabc`],
    ['a length that is no number', `${OK}content-length: +3\r\n\r\nabc`],
    ['a length below zero', `${OK}content-length: -1\r\n\r\n`],
    ['a length that no number holds', `${OK}content-length: 99999999999999999\r\n\r\n`],
    ['a length, and chunks', `${OK}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['another encoding', `${OK}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['chunks twice', `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a chunk without a size', `${OK}transfer-encoding: chunked\r\n\r\n;x\r\n`],
    ['a size with a sign', `${OK}transfer-encoding: chunked\r\n\r\n-1\r\n`],
    ['a size with a prefix', `${OK}transfer-encoding: chunked\r\n\r\n0x3\r\nabc\r\n`],
    ['a size beyond numbers', `${OK}transfer-encoding: chunked\r\n\r\n1000000000000000f\r\n`],
    ['a chunk that goes on', `${OK}transfer-encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n`],
    ['lines of chunks that end otherwise', `${OK}transfer-encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n`],
    ['a head without end', `${OK}x-a: ${'b'.repeat(33_000)}`],
    ['many short heads', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(2_000)],
    ['many fields', `${OK}${'a:\r\n'.repeat(1_001)}\r\n`],
    ['an endless extension of a chunk', `${OK}transfer-encoding: chunked\r\n\r\n1;${'x'.repeat(33_000)}`],
    ['trailers without end', `${OK}transfer-encoding: chunked\r\n\r\n0\r\n${'a: b\r\n'.repeat(6_000)}`],
  ])('refuses %s', (_, text) => {
    expect(() => read(text)).toThrow(/^what came is no answer in HTTP\/1\.1: /);
  });

  it.each([
    ['announced', `${OK}content-length: ${LIMIT + 1}\r\n\r\n`],
    ['in chunks', `${OK}transfer-encoding: chunked\r\n\r\n${(LIMIT + 1).toString(16)}\r\n${'x'.repeat(LIMIT + 1)}`],
    ['until the end', `${OK}\r\n${'x'.repeat(LIMIT + 1)}`],
  ])('refuses a body over the limit, %s', (_, text) => {
    expect(() => read(text)).toThrow(MeshError);
    expect(() => read(text)).toThrow(`a message of ${LIMIT + 1} bytes is over the limit of ${LIMIT}`);
  });

  it.each([
    [204, 'HTTP/1.1 204 No Content\r\n\r\n'],
    [304, 'HTTP/1.1 304 Not Modified\r\ncontent-length: 10\r\n\r\n'],
    [200, `${OK}content-length: 0\r\n\r\n`],
  ])('knows an answer without a body: %i', (status, text) => {
    expect(read(text)).toMatchObject({ status, body: Buffer.alloc(0), contentType: '', keptMs: Infinity });
  });

  it.each([
    ['HTTP/1.1', '', Infinity],
    ['HTTP/1.1', 'connection: close\r\n', 0],
    ['HTTP/1.1', 'Connection: x, CLOSE\r\nkeep-alive: timeout=5\r\n', 0],
    ['HTTP/1.1', 'keep-alive: timeout=5, max=100\r\n', 5_000],
    ['HTTP/1.1', 'keep-alive: max=100, timeout=7\r\n', 7_000],
    ['HTTP/1.0', '', 0],
    ['HTTP/1.0', 'connection: keep-alive\r\n', Infinity],
  ])('knows how long a connection is kept: %s %j', (version, fields, keptMs) => {
    expect(read(`${version} 200 OK\r\ncontent-length: 2\r\n${fields}\r\nok`).keptMs).toBe(keptMs);
  });

  it('keeps what concerns the caller of the fields, under names that are no others', () => {
    const fields =
      'Content-Type: Application/JSON; q=1\r\n__proto__: p\r\nconnection: x\r\nset-cookie: a\r\nset-cookie: b\r\n';
    const { contentType, headers } = read(`${OK}${fields}content-length: 0\r\n\r\n`);
    expect(contentType).toBe('application/json');
    expect(Object.entries(headers)).toEqual([
      ['content-type', 'Application/JSON; q=1'],
      ['__proto__', 'p'],
      ['set-cookie', 'a, b'],
    ]);
  });

  it('says where an answer ends, and that one is not whole', () => {
    const reader = new AnswerReader(LIMIT);
    const bytes = Buffer.from(`${OK}content-length: 2\r\n\r\nokHTTP/1.1 200`);
    expect(String(reader.read(bytes)?.body)).toBe('ok');
    expect(bytes.length - reader.position).toBe(12);
    expect(reader.end()).toBeUndefined();
    for (const begun of ['content-length: 3\r\n\r\nok', 'transfer-encoding: chunked\r\n\r\n3\r\nok', 'x: y']) {
      const broken = new AnswerReader(LIMIT);
      expect(broken.read(Buffer.from(OK + begun))).toBeUndefined();
      expect(() => broken.end()).toThrow('the connection ended before it did');
    }
  });
});
