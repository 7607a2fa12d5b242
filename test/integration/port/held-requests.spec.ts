import { connect as connectTls } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TestAuthority } from '../../support/certificates.js';
import { eventually } from '../../support/eventually.js';
import { listenOnPort, type TestPort, type TestPortInit } from '../../support/port.js';
import { RawSocket } from '../../support/raw-socket.js';

/** A quarter of what there is room for, in bytes. */
const QUARTER = 256 * 1024;

/** Largest body of a request. */
const MAX_BYTES = 4 * QUARTER;

const LIMITED: TestPortInit = { limits: { maxMessageBytes: MAX_BYTES } };

/** Time for a request to arrive, where a test is about it, in ms. */
const TIMEOUT_MS = 1_000;

/** For so long there is no room then, in ms. */
const WAIT_MS = 1_600;

const IMPATIENT: TestPortInit = {
  ...LIMITED,
  listen: { handshakeTimeoutMs: TIMEOUT_MS, requestTimeoutMs: TIMEOUT_MS },
};

/** A request as it stands on the wire. */
type Form = (path: string, body: Uint8Array, index?: number) => Buffer;

function head(lines: string, path: string): Buffer {
  return Buffer.from(`POST ${path} HTTP/1.1\r\nhost: h\r\n${lines}\r\n\r\n`);
}

/** In the plainest form, which `node:http` never sees. */
const plain: Form = (path, body) => Buffer.concat([head(`content-length: ${body.length}`, path), body]);

/** As it is left to `node:http`. */
const odd: Form = (path, body) => Buffer.concat([head(`te: trailers\r\ncontent-length: ${body.length}`, path), body]);

/** The same, without a word on how long its body is. */
const chunked: Form = (path, body) => {
  const chunks: Uint8Array[] = [head('transfer-encoding: chunked', path)];
  for (let at = 0; at < body.length; at += 10_000) {
    const chunk = body.subarray(at, at + 10_000);
    chunks.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]);
};

const compressed: Form = (path, body) => {
  const packed = gzipSync(body);
  return Buffer.concat([head(`content-encoding: gzip\r\ncontent-length: ${packed.length}`, path), packed]);
};

/** First some that are plain, then others, so that the connection is handed over. */
const handedOver: Form = (path, body, index = 0) => (index < 10 ? plain : odd)(path, body);

const forms = [
  ['plain', plain],
  ['read by node:http', odd],
  ['in chunks', chunked],
  ['plain, and then others', handedOver],
] as const;

const bothForms = forms.slice(0, 2);

const pause = (ms = 100): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A body whose every byte says which it is. */
function bodyOf(index: number, length = QUARTER): Buffer {
  return Buffer.alloc(length, 97 + (index % 26));
}

/** The bodies of the answers so far: how long each is, and of what. */
function answersIn(text: string): [string | undefined, number][] {
  const answers = text.split('HTTP/1.1 200 OK\r\n').slice(1);
  return answers.map((answer) => {
    const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
    return [body[0], body.length];
  });
}

/** How long the bodies of the answers so far are together. */
function bytesIn(text: string): number {
  return answersIn(text).reduce((sum, [, length]) => sum + length, 0);
}

/** Lets the handlers go on as they come, until all are settled. @returns most that were under way at a time */
async function serveAll({ seen, settled, release }: TestPort, count: number): Promise<number> {
  let [most, released] = [0, 0];
  const turn = async (): Promise<boolean> => {
    most = Math.max(most, seen.length - released);
    released = seen.length;
    release();
    await pause(5);
    return settled.length === count;
  };
  for (let turns = 0; !(await turn());) if (++turns > 2_000) throw new Error(`${settled.length} are settled`);
  return most;
}

describe('a port, of requests whose bodies it holds until they are answered', () => {
  it.each(forms)(
    'reads no more of one connection than one may have alone: %s',
    async (_, form) => {
      const port = await listenOnPort(LIMITED);
      const raw = new RawSocket(port.address);
      const bodies = Array.from({ length: 30 }, (_, index) => bodyOf(index));
      bodies.forEach((body, index) => raw.send(form('/wait', body, index)));
      await eventually('as many as there is room for have arrived', () => port.seen.length === 4);
      await pause();
      expect(port.seen).toHaveLength(4);
      expect(await serveAll(port, bodies.length)).toBe(4);
      await eventually('all are answered', () => bytesIn(raw.text) === bodies.length * QUARTER);
      expect(answersIn(raw.text)).toEqual(bodies.map((body) => [String.fromCharCode(body[0]!), body.length]));
      expect(port.settled).not.toContain(false);
      raw.send(form('/echo', bodyOf(0, 5), bodies.length));
      await eventually('so is what comes later', () => raw.text.endsWith('aaaaa'));
    },
    30_000,
  );

  it.each(bothForms)('does so through TLS: %s', async (_, form) => {
    const authority = new TestAuthority();
    const tls = { ...authority.issue(), clientCertificate: 'none', plaintext: 'serve' } as const;
    const port = await listenOnPort({ ...LIMITED, listen: { tls } });
    const socket = connectTls({ host: '127.0.0.1', port: Number(port.address.split(':')[1]), ca: authority.ca });
    onTestFinished(() => void socket.destroy());
    socket.resume();
    for (let index = 0; index < 12; index++) socket.write(form('/wait', bodyOf(index)));
    await eventually('as many as there is room for have arrived', () => port.seen.length === 4);
    await pause();
    expect(await serveAll(port, 12)).toBe(4);
    expect(port.seen.map(({ body }) => body[0])).toEqual(Array.from({ length: 12 }, (_, index) => 97 + index));
  });

  it.each(bothForms)('goes on with each that is answered, though not the first: %s', async (_, form) => {
    const port = await listenOnPort(LIMITED);
    const raw = new RawSocket(port.address);
    raw.send(form('/wait', bodyOf(0, 5)));
    for (let index = 0; index < 8; index++) raw.send(form('/large?1', bodyOf(index)));
    await eventually('all have arrived', () => port.seen.length === 9);
    expect(raw.text).toBe('');
    port.release();
    await eventually('all are answered', () => answersIn(raw.text).length === 9);
  });

  it.each([...bothForms, ['in chunks', chunked] as const])(
    'takes one of full length, and those that are small behind it: %s',
    async (_, form) => {
      const port = await listenOnPort(LIMITED);
      const raw = new RawSocket(port.address);
      raw.send(form('/wait', bodyOf(0, MAX_BYTES)));
      await eventually('it has arrived', () => port.seen.length === 1);
      raw.send(Buffer.concat([form('/echo', bodyOf(1, 5)), form('/echo', bodyOf(2, 5))]));
      port.release();
      await eventually('all are answered', () => raw.text.endsWith('ccccc'));
      expect(answersIn(raw.text)).toEqual([
        ['a', MAX_BYTES],
        ['b', 5],
        ['c', 5],
      ]);
    },
  );

  it.each(bothForms)('refuses one that is too long while others are held, and forgets it: %s', async (_, form) => {
    const port = await listenOnPort(LIMITED);
    const raw = new RawSocket(port.address);
    raw.send(form('/wait', bodyOf(0)));
    for (let index = 1; index < 4; index++) {
      raw.send(Buffer.concat([form('/echo', bodyOf(0, MAX_BYTES + 1)), form('/wait', bodyOf(index))]));
    }
    await eventually('all others have arrived', () => port.seen.length === 4);
    port.release();
    await eventually('all are answered', () => answersIn(raw.text).length === 4);
    expect(raw.text.match(/HTTP\/1.1 413 /g)).toHaveLength(3);
  });

  it.each(bothForms)('serves small ones at the same time as before: %s', async (_, form) => {
    const port = await listenOnPort(LIMITED);
    const raw = new RawSocket(port.address);
    for (let index = 0; index < 250; index++) raw.send(form('/wait', bodyOf(index, 4_000)));
    await eventually('all have arrived', () => port.seen.length === 250);
    port.release();
    await eventually('all are answered', () => answersIn(raw.text).length === 250);
  });

  it.each(bothForms)('counts what compressed bodies unpack to: %s', async (name) => {
    const port = await listenOnPort(LIMITED);
    const raw = new RawSocket(port.address);
    if (name !== 'plain') raw.send(odd('/echo', bodyOf(0, 5)));
    const before = name === 'plain' ? 0 : 1;
    for (let count = 1; count <= 2; count++) {
      raw.send(compressed('/wait', bodyOf(count, 3 * QUARTER)));
      await eventually('it has arrived', () => port.seen.length === before + count);
    }
    for (let index = 0; index < 8; index++) raw.send(compressed('/wait', bodyOf(index, 3 * QUARTER)));
    await pause();
    expect(port.seen).toHaveLength(before + 2);
    await serveAll(port, before + 10);
    expect(port.settled).not.toContain(false);
  });

  it.each(['ends', 'breaks'] as const)('holds nothing of a caller who %s the connection meanwhile', async (how) => {
    for (const [, form] of bothForms) {
      const port = await listenOnPort(LIMITED);
      const raw = new RawSocket(port.address);
      raw.send(Buffer.concat([form('/wait', bodyOf(0, 3 * QUARTER)), form('/wait', bodyOf(1, 3 * QUARTER))]));
      await eventually('the first has arrived', () => port.seen.length === 1);
      await pause();
      if (how === 'ends') raw.socket.end();
      else raw.socket.resetAndDestroy();
      await pause(20);
      for (let turns = 0; port.listener.pending > 0 && turns < 1_000; turns++) await pause(5).then(port.release);
      expect(port.listener.pending).toBe(0);
      await raw.closed;
    }
  });
});

/** Acts in each of these forms at the same time, on a connection where a request is under way that leaves a quarter of the room. */
async function inEach(
  some: readonly (readonly [string, Form])[],
  act: (form: Form, port: TestPort, raw: RawSocket) => Promise<void>,
): Promise<void> {
  const play = async (form: Form): Promise<void> => {
    const port = await listenOnPort(IMPATIENT);
    const raw = new RawSocket(port.address);
    raw.send(form('/wait', bodyOf(0, MAX_BYTES - QUARTER)));
    await eventually('the first has arrived', () => port.seen.length === 1);
    await act(form, port, raw);
  };
  await Promise.all(some.map(([, form]) => play(form)));
}

describe('a port, of the time that requests have to arrive', () => {
  it('does not count that for which it has no room', async () => {
    await inEach(forms.slice(0, 3), async (form, port, raw) => {
      raw.send(Buffer.concat([form('/wait', bodyOf(1, 3 * QUARTER)), form('/echo', bodyOf(2, 5))]));
      await pause(WAIT_MS);
      expect([port.seen.length, raw.socket.destroyed]).toEqual([1, false]);
      port.release();
      await eventually('the second has arrived', () => port.seen.length >= 2);
      port.release();
      await eventually('all are answered', () => raw.text.endsWith('ccccc'));
    });
  });

  it('does not count it in the midst of a head, either', async () => {
    await inEach(bothForms, async (form, port, raw) => {
      const next = form('/echo', bodyOf(2, 5));
      raw.send(Buffer.concat([form('/wait', bodyOf(1, QUARTER + 1)), next.subarray(0, 30)]));
      await eventually('the second has arrived', () => port.seen.length === 2);
      await pause(WAIT_MS);
      expect(raw.socket.destroyed).toBe(false);
      raw.send(next.subarray(30));
      port.release();
      await eventually('all are answered', () => raw.text.endsWith('ccccc'));
    });
  });

  it('ends what has not arrived in time once there was room', async () => {
    const end = async (port: TestPort, raw: RawSocket): Promise<void> => {
      await pause(WAIT_MS);
      expect(raw.socket.destroyed).toBe(false);
      port.release();
      await raw.closed;
      await eventually('nothing is pending', () => port.listener.pending === 0);
    };
    const bodies = [1, QUARTER].map((missing) =>
      inEach(bothForms, async (form, port, raw) => {
        raw.send(form('/wait', bodyOf(1, 3 * QUARTER)).subarray(0, -missing));
        await end(port, raw);
        expect(port.seen).toHaveLength(1);
      }),
    );
    const heads = inEach(bothForms, async (form, port, raw) => {
      raw.send(Buffer.concat([form('/wait', bodyOf(1, QUARTER + 1)), form('/echo', bodyOf(2, 5)).subarray(0, 30)]));
      await eventually('the second has arrived', () => port.seen.length === 2);
      await end(port, raw);
      expect(raw.text).toMatch(/HTTP\/1.1 408 /);
    });
    await Promise.all([...bodies, heads]);
  });
});
