import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginsPlainly, readPlainRequest } from '../../../../../lib/transport/port/http1/plain-request.js';
import { filledUp, readByNode } from '../../../../support/node-http-reading.js';

const PLAIN =
  'POST /a/b?c=d HTTP/1.1\r\nHost: h:1\r\nContent-Type:  text/plain \r\nX-Empty:\r\nContent-Length: 5\r\n\r\nhello';

/** A head with these lines, and a body of three bytes. */
function withLines(...lines: readonly string[]): string {
  return ['POST / HTTP/1.1', 'host: h', 'content-length: 3', ...lines, '', 'abc'].join('\r\n');
}

function read(text: string, from = 0): ReturnType<typeof readPlainRequest> {
  return readPlainRequest(Buffer.from(text, 'latin1'), from);
}

const NEXT = 'GET /next HTTP/1.1\r\nHost: next\r\n\r\n';

/** @throws Error when what is read as a plain request is not what `node:http` reads, to the last byte */
async function expectAsNodeReads(bytes: Buffer): Promise<'plain' | 'odd'> {
  const request = readPlainRequest(bytes, 0);
  if (!request) return 'odd';
  const { target, headers, body, end } = request;
  const whole = filledUp(bytes, end);
  if (!whole) return 'plain';
  const { requests, others } = await readByNode(Buffer.concat([whole, Buffer.from(NEXT)]));
  expect(others).toEqual([]);
  expect(requests).toHaveLength(2);
  const sent = body.toString('latin1').padEnd(Number(headers['content-length']), '.');
  expect(requests[0]).toEqual({ method: 'POST', target, headers: { ...headers }, body: sent });
  expect(requests[1]).toMatchObject({ method: 'GET', target: '/next', body: '' });
  return 'plain';
}

const printable = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code));
const spelt = fc.constantFrom('accept', 'Content-Type', 'X-Mesh', 'cookie', 'AUTHORIZATION', 'date', '42', 'x-a');
const plainFields = fc.uniqueArray(fc.tuple(spelt, fc.string({ unit: printable, maxLength: 20 })), {
  selector: ([name]) => name,
});
const plainRequest = fc
  .record({
    path: fc.string({ unit: printable.filter((char) => !' #'.includes(char)), maxLength: 20 }),
    fields: plainFields,
    body: fc.string({ unit: 'binary', maxLength: 30 }).map((text) => Buffer.from(text).toString('latin1')),
    zeros: fc.constantFrom('', '0', '00'),
  })
  .map(({ path, fields, body, zeros }) => {
    const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return `POST /${path} HTTP/1.1\r\nHost: h\r\n${lines}Content-Length: ${zeros}${body.length}\r\n\r\n${body}`;
  });

/** What lies between being read in one way and in another. */
const crucial = fc.constantFrom(
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  ' ',
  '\t',
  ':',
  '\0',
  '\x0b',
  '\x80',
  '\xff',
  '-',
  '_',
  '#',
  '0',
  '9',
  '+',
  ',',
  'content-length: 1\r\n',
  'Content-Length : 1\r\n',
  'transfer-encoding: chunked\r\n',
  'host: i\r\n',
  ' folded\r\n',
  'connection: close\r\n',
  'Connection: Keep-Alive\r\n',
  'expect: 100-continue\r\n',
  'upgrade: websocket\r\n',
  '__proto__: x\r\n',
  'constructor: x\r\n',
  'te: trailers\r\n',
  'proxy-connection: close\r\n',
  'HTTP/1.0',
  'GET',
  'x',
  '\r\nx',
  '\r\n\tx: y',
);
const change = fc.record({
  at: fc.nat(),
  cut: fc.integer({ min: 0, max: 3 }),
  text: fc.oneof(crucial, fc.constant('')),
});

function changed(text: string, changes: readonly { at: number; cut: number; text: string }[]): string {
  return changes.reduce((before, { at, cut, text: added }) => {
    const place = at % (before.length + 1);
    return before.slice(0, place) + added + before.slice(place + cut);
  }, text);
}

describe('a plain request', () => {
  it('is read as a whole, from where it begins to where it ends', () => {
    const request = read(`${NEXT}${PLAIN}${NEXT}`, NEXT.length);
    expect(request).toMatchObject({ target: '/a/b?c=d', end: NEXT.length + PLAIN.length });
    expect(request?.body.toString()).toBe('hello');
    const headers = { host: 'h:1', 'content-type': 'text/plain', 'x-empty': '', 'content-length': '5' };
    expect({ ...request?.headers }).toEqual(headers);
  });

  it('is not there before the last byte of its head', () => {
    for (let length = 0; length < PLAIN.length - 5; length++) expect(read(PLAIN.slice(0, length))).toBeUndefined();
  });

  it('is there before its body, of which it is known where it ends', () => {
    for (let missing = 0; missing <= 5; missing++) {
      const request = read(PLAIN.slice(0, PLAIN.length - missing));
      expect(request).toMatchObject({ target: '/a/b?c=d', end: PLAIN.length });
      expect(request?.body.toString()).toBe('hello'.slice(0, 5 - missing));
    }
  });

  it.each(['0', '007', '1048576', '999999999999999'])('may have a body of %s bytes', (length) => {
    const head = PLAIN.replace(' 5', ` ${length}`).slice(0, -5);
    expect(read(head)?.end).toBe(head.length + Number(length));
  });

  it.each([
    'connection: keep-alive',
    'Connection: Keep-Alive',
    'accept: */*',
    'content-encoding: gzip',
    'authorization: Bearer a.b.c',
    'x: y: z',
  ])('may say %j', (line) => expect(read(withLines(line))?.body.toString()).toBe('abc'));

  it.each([
    ['another method', PLAIN.replace('POST', 'PUT')],
    ['a method in other letters', PLAIN.replace('POST', 'post')],
    ['HTTP/1.0', PLAIN.replace('1.1', '1.0')],
    ['a whole URL', PLAIN.replace('/a', 'http://h/a')],
    ['a fragment', PLAIN.replace('/a', '/a#')],
    ['two spaces', PLAIN.replace('POST ', 'POST  ')],
    ['an empty line before it', `\r\n${PLAIN}`],
    ['a byte beyond ASCII in its path', PLAIN.replace('/a', '/\xe4')],
    ['no host', PLAIN.replace('Host', 'Guest')],
    ['no length', PLAIN.replace('Content-Length', 'Length')],
    ['a line that ends with LF', PLAIN.replace('h:1\r\n', 'h:1\n')],
    ['a CR within a line', PLAIN.replace('h:1', 'h\r:1')],
    ['more fields than are read', withLines(...Array.from({ length: 63 }, (_, i) => `x-${i}: y`))],
    ['a head longer than is read', withLines(`x: ${'y'.repeat(8 * 1024)}`)],
    ['a length with more digits than are read', PLAIN.replace(' 5', ' 0000000000000005')],
  ])('is none with %s', (_, text) => expect(read(text)).toBeUndefined());

  it.each([
    'host: h',
    'Content-Length: 3',
    'accept: a\r\nAccept: b',
    'transfer-encoding: chunked',
    'Transfer-Encoding: identity',
    'expect: 100-continue',
    'upgrade: websocket',
    'connection: close',
    'connection: Upgrade',
    'connection: keep-alive, x',
    'trailer: x',
    'te: trailers',
    'keep-alive: timeout=1',
    'proxy-connection: close',
    'http2-settings: x',
    'x : y',
    ' x: y',
    '\tx: y',
    'x: y\r\n z',
    'x',
    ': y',
    'x: \ty',
    'x: \0',
    'x: \x7f',
    'x: \xe4',
    'x_y: z',
    '__proto__: x',
    'constructor: x',
  ])('is none with %j', (line) => expect(read(withLines(line))).toBeUndefined());

  it.each(['', '+3', '-3', '3.0', '0x3', '3 3', '3,3', '1e0', '٣'])('is none when it is %j bytes long', (length) =>
    expect(read(withLines().replace('length: 3', `length: ${length}`))).toBeUndefined(),
  );

  it('is what node:http reads, to the last byte', async () => {
    await fc.assert(
      fc.asyncProperty(plainRequest, async (text) => {
        expect(await expectAsNodeReads(Buffer.from(text, 'latin1'))).toBe('plain');
      }),
      { numRuns: 200 },
    );
  });

  it('is never read otherwise than by node:http, whatever is changed in it', async () => {
    const changes = fc.array(change, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(plainRequest, changes, async (text, made) => {
        await expectAsNodeReads(Buffer.from(changed(text, made), 'latin1'));
      }),
      { numRuns: 1_500 },
    );
  });
});

describe('the beginning of a plain request', () => {
  const begins = (text: string, from = 0): boolean => beginsPlainly(Buffer.from(text, 'latin1'), from);

  it('is each that it has', async () => {
    await fc.assert(
      fc.property(plainRequest, fc.nat(), (text, cut) => {
        const head = text.slice(0, text.indexOf('\r\n\r\n') + 4);
        const length = 1 + (cut % (head.length - 1));
        expect(begins(head.slice(0, length))).toBe(true);
        expect(begins(NEXT + head.slice(0, length), NEXT.length)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    'G',
    'PUT',
    'post',
    'POST h',
    'POST /a ht',
    'POST /a HTTP/1.0',
    'POST /a  ',
    'POST /a b',
    'POST /\xe4',
    'POST /#',
    'POST /a\n',
    'POST /a HTTP/1.1\n',
    'POST /a HTTP/1.1\rx',
    'POST /a HTTP/1.1\r\n\n',
    'POST /a HTTP/1.1\r\n:',
    'POST /a HTTP/1.1\r\n x',
    'POST /a HTTP/1.1\r\nx ',
    'POST /a HTTP/1.1\r\nx_y',
    'POST /a HTTP/1.1\r\nx: y\n',
    'POST /a HTTP/1.1\r\nx: y\rz',
    'POST /a HTTP/1.1\r\nx: \t',
    'POST /a HTTP/1.1\r\nx: y\r\n z',
    'POST /a HTTP/1.1\r\nhost: h\r\nhost: h\r\n',
    'POST /a HTTP/1.1\r\ncontent-length: +3\r\n',
    'POST /a HTTP/1.1\r\ncontent-length: 0000000000000003\r\n',
    'POST /a HTTP/1.1\r\nexpect: 100-continue\r\n',
    'POST /a HTTP/1.1\r\nconnection: close\r\nhos',
    'POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\nhost: h\r',
    `POST /a HTTP/1.1\r\nx: ${'y'.repeat(8 * 1024)}`,
  ])('is not %j', (text) => expect(begins(text)).toBe(false));

  it('is not what will not become one, nor what node:http does not wait for', async () => {
    const changes = fc.array(change, { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(plainRequest, changes, fc.nat(), async (text, made, cut) => {
        const bytes = Buffer.from(changed(text, made), 'latin1');
        const begun = bytes.subarray(0, 1 + (cut % (bytes.length || 1)));
        fc.pre(begun.length > 0 && beginsPlainly(begun, 0));
        // What a length is said to be is looked at with the end of its line.
        fc.pre(!/content-length:[^\r]*\r?$/i.test(begun.toString('latin1')));
        expect(await readByNode(begun)).toEqual({ requests: [], others: [], written: '' });
      }),
      { numRuns: 500 },
    );
  });
});
