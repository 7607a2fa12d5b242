import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { listenOnPort, type TestPort, type TestPortInit } from '../../support/port.js';
import { RawSocket } from '../../support/raw-socket.js';

const LIMITED: TestPortInit = { limits: { maxMessageBytes: 1_000 } };
const IMPATIENT: TestPortInit = { ...LIMITED, listen: { handshakeTimeoutMs: 200, requestTimeoutMs: 250 } };

/** A head of a request, and what of its body is to follow at once. */
type Form = (path: string, length: number | string, body?: string) => string;

/** In the plainest form, which `node:http` never sees. */
const plain: Form = (path, length, body = '') =>
  `POST ${path} HTTP/1.1\r\nhost: h\r\ncontent-length: ${length}\r\n\r\n${body}`;

/** As it is left to `node:http`. */
const odd: Form = (path, length, body) => plain(path, length, body).replace('host: h', 'host: h\r\nte: trailers');

/** What a caller does. */
interface Scene {
  readonly form: Form;
  readonly raw: RawSocket;
  readonly port: TestPort;
  /** Waits until so many bodies have arrived. */
  arrived(count: number): Promise<void>;
  /** Waits for an answer. */
  answered(ending: string | RegExp): Promise<void>;
}

/** What comes of it. */
interface Outcome {
  readonly text: string;
  readonly bodies: readonly string[];
  readonly cancelled: readonly (string | undefined)[];
  readonly settled: readonly boolean[];
  readonly open: boolean;
}

async function play(init: TestPortInit, form: Form, act: (scene: Scene) => Promise<void>): Promise<Outcome> {
  const port = await listenOnPort(init);
  const raw = new RawSocket(port.address);
  await act({
    form,
    raw,
    port,
    arrived: (count) => eventually(`${count} have arrived`, () => port.seen.length === count),
    answered: (ending) => eventually(`${String(ending)} is there`, () => new RegExp(ending, 's').test(raw.text)),
  });
  return {
    text: raw.text.replace(/Date: [^\r]*/g, 'Date: now'),
    bodies: port.seen.map(({ body }) => Buffer.from(body).toString('latin1')),
    cancelled: port.seen.map(({ cancellation }) => cancellation.reason?.code),
    settled: [...port.settled],
    open: !raw.socket.destroyed,
  };
}

/** Has the caller do the same in both forms. @returns what comes of it, which has to be the same */
async function playBoth(init: TestPortInit, act: (scene: Scene) => Promise<void>): Promise<Outcome> {
  const [ours, nodes] = await Promise.all([play(init, plain, act), play(init, odd, act)]);
  expect(ours).toEqual(nodes);
  return ours;
}

const pause = (ms = 20): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const OK = /^HTTP\/1.1 200 OK/;
const NOTHING = /^$/;
const LOST = 'E0000000499';

describe('a port, of requests whose body does not come with the head, does as node:http', () => {
  it.each([
    ['at once behind it', ['hello']],
    ['in two pieces', ['he', 'llo']],
    ['byte by byte', ['h', 'e', 'l', 'l', 'o']],
  ])('when it comes %s', async (_, pieces) => {
    const outcome = await playBoth(LIMITED, async ({ form, raw, answered }) => {
      raw.send(form('/echo', 5));
      for (const piece of pieces) await pause(5).then(() => raw.send(piece));
      await answered('hello$');
      raw.send(form('/echo', 3, 'abc'));
      await answered('abc$');
    });
    expect(outcome).toMatchObject({ bodies: ['hello', 'abc'], settled: [true, true], open: true });
  });

  it('when it comes while those before are being served', async () => {
    const outcome = await playBoth(LIMITED, async ({ form, raw, port, arrived, answered }) => {
      raw.send(form('/wait', 1, 'a') + form('/echo', 5, 'he'));
      await arrived(1);
      raw.send(`llo${form('/echo', 1)}`);
      await arrived(2);
      raw.send('b');
      await arrived(3);
      expect(raw.text).toBe('');
      port.release();
      await answered('a.*hello.*b$');
    });
    expect(outcome).toMatchObject({ bodies: ['a', 'hello', 'b'], settled: [true, true, true], open: true });
  });

  it.each([
    ['it is too long', '/echo', 413],
    ['nobody serves its path', '/nowhere', 404],
  ])('when it is refused before it comes, since %s', async (_, path, status) => {
    const outcome = await playBoth(LIMITED, async ({ form, raw, answered }) => {
      raw.send(form(path, 100_000));
      await answered('}$');
      raw.send('x'.repeat(60_000));
      await pause();
      raw.send('x'.repeat(40_000) + form('/echo', 5, 'hello'));
      await answered('hello$');
    });
    expect(outcome).toMatchObject({ bodies: ['hello'], settled: [true], open: true });
    expect(outcome.text).toMatch(new RegExp(`^HTTP/1.1 ${status} .*keep-alive.*HTTP/1.1 200 `, 's'));
  });

  it.each(['999999999999999', '18446744073709551616', '0000000000000000005'])(
    'when %s bytes are announced',
    async (length) => {
      await playBoth(LIMITED, async ({ form, raw, answered }) => {
        raw.send(form('/echo', length, 'hello'));
        await answered('(}|hello)$');
        await pause();
      });
    },
  );

  it('when it does not end, though it was refused', async () => {
    const { text } = await playBoth(LIMITED, async ({ form, raw }) => {
      raw.send(form('/echo', 10_000_000));
      for (let i = 0; i < 40 && !raw.socket.destroyed; i++) await pause(1).then(() => raw.send('x'.repeat(65_536)));
      await raw.closed;
    });
    expect(text).toMatch(/^HTTP\/1.1 413 /);
  });

  it.each([
    ['all of it', plain('/echo', 5), NOTHING],
    ['its end', plain('/echo', 5, 'hell'), NOTHING],
    ['the end behind an answer', `${plain('/echo', 1, 'a')}${plain('/echo', 5, 'hell')}`, OK],
    ['the end of what was refused as too long', plain('/echo', 5_000, 'he'), /^HTTP\/1.1 413 .*}HTTP\/1.1 408 .*}$/s],
    ['the end of what nobody serves', plain('/nowhere', 5, 'he'), /^HTTP\/1.1 404 .*}HTTP\/1.1 408 .*}$/s],
    ['the end of the head', 'POST /echo HTTP/1.1\r\nhost: h\r\ncontent-le', /^HTTP\/1.1 408 .*}$/s],
    ['the end of the first line', 'POST /ec', /^HTTP\/1.1 408 .*}$/s],
  ])('when %s does not come', async (_, text, heard) => {
    const outcome = await playBoth(IMPATIENT, async ({ form, raw }) => {
      raw.send(form === odd ? text.replaceAll('host: h', 'host: h\r\nte: trailers') : text);
      await raw.closed;
    });
    expect(outcome.text).toMatch(heard);
  });

  it.each([
    ['body', 5, plain('/echo', 5, 'he').length],
    ['head', 5, 20],
  ])('when the end of a %s does not come while those before are being served', async (_, length, sent) => {
    const outcome = await playBoth(IMPATIENT, async ({ form, raw, port }) => {
      const cut = form === odd ? sent + (sent > 20 ? 'te: trailers\r\n'.length : 0) : sent;
      raw.send(form('/wait', 1, 'a') + form('/echo', length, 'hello').slice(0, cut));
      await raw.closed;
      await eventually('the handler is told', () => port.seen[0]?.cancellation.reason !== undefined);
      port.release();
      await eventually('it is settled', () => port.settled.length === 1);
    });
    expect(outcome).toMatchObject({ text: '', bodies: ['a'], cancelled: [LOST], settled: [false] });
  });

  it.each([
    ['a body', plain('/echo', 5, 'he'), NOTHING],
    ['a body behind an answer', plain('/echo', 1, 'a') + plain('/echo', 5, 'he'), OK],
    ['a refused body', plain('/echo', 5_000, 'he'), /^HTTP\/1.1 413 .*}HTTP\/1.1 400 .*}$/s],
    ['a head', 'POST /echo HTTP/1.1\r\nhost: h\r\ncontent-le', /^HTTP\/1.1 400 .*}$/s],
  ])('when the caller ends in the midst of %s', async (_, text, heard) => {
    const outcome = await playBoth(LIMITED, async ({ form, raw, answered }) => {
      raw.send(form === odd ? text.replaceAll('host: h', 'host: h\r\nte: trailers') : text);
      if (heard !== NOTHING && !text.endsWith('le')) await answered('(}|a)$');
      await pause();
      raw.socket.end();
      await raw.closed;
    });
    expect(outcome.text).toMatch(heard);
  });

  it.each(['ends', 'breaks'] as const)('when the caller %s while others are being served', async (how) => {
    const outcome = await playBoth(LIMITED, async ({ form, raw, port, arrived }) => {
      raw.send(form('/wait', 1, 'a') + form('/echo', 5, 'he'));
      await arrived(1);
      await pause();
      if (how === 'ends') raw.socket.end();
      else raw.socket.resetAndDestroy();
      await raw.closed;
      await eventually('the handler is told', () => port.seen[0]?.cancellation.reason !== undefined);
      port.release();
      await eventually('nothing is pending', () => port.listener.pending === 0 && port.settled.length === 1);
    });
    expect(outcome).toMatchObject({ text: '', bodies: ['a'], cancelled: [LOST], settled: [false] });
  });

  it('when the port closes meanwhile: such a request is still taken', async () => {
    const outcome = await playBoth(LIMITED, async ({ form, raw, port }) => {
      raw.send(form('/echo', 5, 'he'));
      await eventually('it has begun', () => port.listener.pending === 1);
      const closing = port.listener.close();
      raw.send('llo');
      await Promise.all([closing, raw.closed]);
    });
    expect(outcome).toMatchObject({ bodies: ['hello'], settled: [true] });
    expect(outcome.text).toMatch(/connection: close/);
  });

  it('when the port closes behind the answer to one that was refused', async () => {
    const outcome = await playBoth(LIMITED, async ({ form, raw, port, answered }) => {
      raw.send(form('/echo', 5_000, 'he'));
      await answered('}$');
      const closing = port.listener.close();
      await pause();
      raw.send('x'.repeat(4_998) + form('/echo', 5, 'hello'));
      await Promise.all([closing, raw.closed]);
    });
    expect(outcome).toMatchObject({ bodies: ['hello'], settled: [true] });
  });

  it.each([plain('/echo', 5_000, 'he'), 'POST /echo HTTP/1.1\r\nhost: h'])(
    'when the port closes, and nothing follows %j',
    async (text) => {
      await playBoth(LIMITED, async ({ form, raw, port }) => {
        raw.send(form === odd ? text.replaceAll('host: h', 'host: h\r\nte: trailers') : text);
        await pause();
        await Promise.all([port.listener.close(), raw.closed]);
      });
    },
  );
});
