import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cancellation } from '../../lib/context/cancellation.js';
import { MeshCode } from '../../lib/errors/mesh-code.js';
import { MeshError } from '../../lib/errors/mesh-error.js';
import type {
  Acceptor,
  Connection,
  DuplexStream,
  InboundStream,
  Listener,
  StreamHandler,
  Transport,
} from '../../lib/transport/transport.js';
import { caught } from '../support/caught.js';
import { eventually } from '../support/eventually.js';
import { outbound } from '../support/transport-fixtures.js';

const MIB = 1024 * 1024;

/** Limit of the transports under test. */
const LIMIT = 2 * MIB;

/** Stream handlers that the suite calls, and what they have seen. */
class TestStreams {
  readonly seen: InboundStream[] = [];
  /** Messages that `/keep` was sent. */
  readonly kept: Uint8Array[] = [];
  /** Messages that `/count` has taken. */
  taken = 0;
  private letGo: (() => void) | undefined;
  private readonly gate = new Promise<void>((resolve) => (this.letGo = resolve));

  readonly acceptor: Acceptor = (path) => {
    if (path === '/each') return async (call) => Buffer.concat([Buffer.from('re: '), call.body]);
    const stream = this.handlers[path];
    return stream && { stream: (opened) => (this.seen.push(opened), stream(opened)) };
  };

  private readonly handlers: Readonly<Record<string, StreamHandler>> = {
    '/back': async (stream) => {
      for await (const message of stream.messages) await stream.send(message);
    },
    '/keep': async (stream) => {
      for await (const message of stream.messages) {
        this.kept.push(message);
        await stream.send(message);
      }
    },
    '/stop': async (stream) => {
      await this.gate;
      for await (const _ of stream.messages) break;
      await new Promise(() => undefined);
    },
    '/never': () => new Promise(() => undefined),
    '/forbidden': async (stream) => {
      await stream.send(Buffer.from('first'));
      throw new MeshError(MeshCode.FORBIDDEN, 'not you: 不行');
    },
    '/throws': () => {
      throw new Error('broken');
    },
    '/many': async (stream) => {
      for (let i = 0; i < 2_000; i++) await stream.send(Buffer.from(`message ${i}`));
    },
    '/endless': async (stream) => {
      for (let i = 0; ; i++) await stream.send(Buffer.from(`message ${i}`));
    },
    '/large': async (stream) => stream.send(Buffer.alloc(LIMIT + 1)),
    '/count': async (stream) => {
      await this.gate;
      for await (const message of stream.messages) this.taken += message.length > 0 ? 1 : 0;
      await stream.send(Buffer.from(String(this.taken)));
    },
    '/until-drained': async (stream) => {
      await new Promise<void>((resolve) => stream.draining.onCancel(() => resolve()));
      await stream.send(Buffer.from('goodbye'));
    },
    '/first-only': async (stream) => {
      for await (const message of stream.messages) {
        await stream.send(message);
        break;
      }
      await stream.send(Buffer.from('that is all'));
    },
    '/end-early': async (stream) => {
      await stream.send(Buffer.from('enough'));
      stream.end();
    },
  };

  release(): void {
    this.letGo?.();
  }
}

/** What every transport with streams does. @param make makes a transport whose limit is 2 MiB */
export function describeStreams(name: string, make: () => Transport): void {
  describe(`${name}: streams`, () => {
    let streams: TestStreams;
    let listener: Listener;
    let connection: Connection;

    const open = (path: string, cancellation = new Cancellation(), headers = {}): DuplexStream =>
      connection.open({ path, headers: Object.assign(Object.create(null), headers), cancellation });

    beforeEach(async () => {
      const transport = make();
      streams = new TestStreams();
      listener = await transport.listen({ host: '127.0.0.1', port: 0 }, streams.acceptor);
      connection = transport.dial(listener.address);
    });

    afterEach(() => {
      connection.destroy();
      listener.destroy();
    });

    it('carries messages both ways, in order, and ends for both', async () => {
      const stream = open('/back');
      const answers = textsOf(stream);
      const sent = Array.from({ length: 1_000 }, (_, i) => `message ${i}`);
      for (const text of sent) await stream.send(Buffer.from(text));
      stream.end();
      expect(await answers).toEqual(sent);
      await eventually('nothing is pending', () => connection.pending + listener.pending === 0);
    });

    it('carries what the head says', async () => {
      const stream = open('/back?topic=a', new Cancellation(), { 'x-ptp-session-id': 's 1' });
      expect(connection.pending).toBe(1);
      await eventually('the stream has arrived', () => streams.seen.length === 1);
      const [seen] = streams.seen;
      expect(seen).toMatchObject({ path: '/back', query: 'topic=a', wire: 'grpc', method: 'POST', deadline: Infinity });
      expect(seen?.headers['x-ptp-session-id']).toBe('s 1');
      expect(seen?.peer).not.toBe('');
      expect(listener.pending).toBe(1);
      stream.end();
      expect(await textsOf(stream)).toEqual([]);
    });

    it('carries empty messages and those at the limit', async () => {
      const stream = open('/back');
      const sizes = [0, 1, 16_379, 65_536, LIMIT, 0];
      const received = lengthsOf(stream);
      for (const size of sizes) await stream.send(Buffer.alloc(size));
      stream.end();
      expect(await received).toEqual(sizes);
    });

    it('keeps moving with many large messages each way at once', { timeout: 30_000 }, async () => {
      const total = 32;
      const pair = [open('/back'), open('/back')];
      const received = pair.map((stream) => lengthsOf(stream));
      await Promise.all(
        pair.map(async (stream) => {
          for (let i = 0; i < total; i++) await stream.send(Buffer.alloc(MIB, i));
          stream.end();
        }),
      );
      for (const lengths of await Promise.all(received)) expect(lengths).toEqual(Array(total).fill(MIB));
    });

    it('shares no bytes between the two sides', async () => {
      const stream = open('/back');
      const message = Buffer.from('before');
      const sent = stream.send(message);
      await sent;
      const answer = await stream.messages[Symbol.asyncIterator]().next();
      message.write('after!');
      expect(Buffer.from(answer.value ?? []).toString()).toBe('before');
      stream.end();
    });

    it('leaves messages as they were for who keeps them', async () => {
      const near = [1_024, 8_192, 16_384, 65_536, 131_072, MIB];
      const sizes = near.flatMap((size) => [size - 64, size - 5, size - 1, size, size + 1]);
      const messageOf = (index: number): Buffer => Buffer.alloc(sizes[index]!, `${index} of these, and `);
      const stream = open('/keep');
      const received = keptOf(stream);
      for (const index of sizes.keys()) await stream.send(messageOf(index));
      stream.end();
      const back = await received;
      for (const index of sizes.keys()) {
        for (const side of [streams.kept, back]) expect(messageOf(index).compare(side[index]!)).toBe(0);
      }
    });

    it('makes a sender wait for a reader who does not read, and loses nothing', async () => {
      const stream = open('/count');
      let sent = 0;
      const sending = (async () => {
        for (; sent < 200; sent++) await stream.send(Buffer.alloc(128 * 1024, 1));
        stream.end();
      })();
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(sent).toBeLessThan(100);
      streams.release();
      await sending;
      expect(await textsOf(stream)).toEqual(['200']);
    });

    it('reads messages that were there before anybody read', async () => {
      const stream = open('/many');
      await new Promise((resolve) => setTimeout(resolve, 50));
      const texts = await textsOf(stream);
      expect(texts).toHaveLength(2_000);
      expect(texts.at(-1)).toBe('message 1999');
    });

    it('serves a stream of calls where only calls are served', async () => {
      const stream = open('/each');
      for (const text of ['a', 'b', 'c']) await stream.send(Buffer.from(text));
      stream.end();
      expect(await textsOf(stream)).toEqual(['re: a', 're: b', 're: c']);
    });

    it('refuses a message over the limit, and lives on', async () => {
      const stream = open('/back');
      expect((await caught(stream.send(Buffer.alloc(LIMIT + 1)))).code).toBe(MeshCode.MESSAGE_TOO_LONG);
      await stream.send(Buffer.from('still here'));
      stream.end();
      expect(await textsOf(stream)).toEqual(['still here']);
      const large = await caught(textsOf(open('/large')));
      expect(large.code).toBe(MeshCode.MESSAGE_TOO_LONG);
    });

    it('ends with the error of the handler, after what it sent', async () => {
      const stream = open('/forbidden');
      const texts: string[] = [];
      const error = await caught(textsOf(stream, texts));
      expect(texts).toEqual(['first']);
      expect(error.code).toBe(MeshCode.FORBIDDEN);
      expect(error.message).toContain('not you: 不行');
      expect((await caught(stream.send(Buffer.from('x')))).code).toBe(MeshCode.FORBIDDEN);
      expect((await caught(textsOf(open('/throws')))).code).toBe(MeshCode.SYSTEM_ERROR);
      expect(await textsOf(open('/end-early'))).toEqual(['enough']);
    });

    it('says that nothing is served at an unknown path', async () => {
      const error = await caught(textsOf(open('/unknown')));
      expect(error.code).toBe(MeshCode.NO_SERVICE);
      expect(error.message).toContain('/unknown');
    });

    it('lets a handler stop reading and go on sending', async () => {
      const stream = open('/first-only');
      for (let i = 0; i < 20; i++) await stream.send(Buffer.from(`${i}`)).catch(() => undefined);
      expect(await textsOf(stream)).toEqual(['0', 'that is all']);
      await eventually('nothing is pending', () => connection.pending + listener.pending === 0);
    });

    it.each([
      ['small', 8 * 1024, 1_000],
      ['large', MIB / 2, 80],
    ])('passes over what a handler stops to read, be it %s, and lets others on', async (_, size, count) => {
      const stream = open('/stop');
      let sent = 0;
      const sending = (async () => {
        for (; sent < count; sent++) await stream.send(Buffer.alloc(size));
      })();
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(sent).toBeLessThan(count);
      streams.release();
      await sending;
      const other = open('/back');
      await other.send(Buffer.alloc(LIMIT));
      other.end();
      expect(await lengthsOf(other)).toEqual([LIMIT]);
    });

    it('cancels: the opener has its own reason at once, the handler is told', async () => {
      const cancellation = new Cancellation();
      const stream = open('/back', cancellation);
      await eventually('the stream has arrived', () => streams.seen.length === 1);
      const reason = new MeshError(MeshCode.CANCELLED, 'changed my mind');
      const reading = caught(textsOf(stream));
      cancellation.cancel(reason);
      expect(await reading).toBe(reason);
      expect(await caught(stream.send(Buffer.from('x')))).toBe(reason);
      expect(connection.pending).toBe(0);
      await eventually('the handler is told', () => streams.seen[0]?.cancellation.reason !== undefined);
      expect((await caught(streams.seen[0]!.send(Buffer.from('x')))).code).toBe(MeshCode.CANCELLED);
      await eventually('the listener has no stream left', () => listener.pending === 0);
    });

    it('cancels when its opener stops reading', async () => {
      const stream = open('/endless');
      for await (const message of stream.messages) {
        expect(Buffer.from(message).toString()).toBe('message 0');
        break;
      }
      expect((await caught(stream.send(Buffer.from('x')))).code).toBe(MeshCode.CANCELLED);
      await eventually('nothing is pending', () => connection.pending + listener.pending === 0);
    });

    it('opens nothing that was cancelled before', async () => {
      const cancellation = new Cancellation();
      const reason = new MeshError(MeshCode.CANCELLED, 'never mind');
      cancellation.cancel(reason);
      const stream = open('/back', cancellation);
      expect(await caught(textsOf(stream))).toBe(reason);
      expect(await caught(stream.send(Buffer.from('x')))).toBe(reason);
      expect(streams.seen).toHaveLength(0);
      expect(connection.pending).toBe(0);
    });

    it('says of an address where nobody listens that nothing was sent', async () => {
      listener.destroy();
      await eventually('closed', () => listener.pending === 0);
      const stream = open('/back');
      const sending = caught(stream.send(Buffer.alloc(LIMIT)).then(() => stream.send(Buffer.alloc(LIMIT))));
      const refused = { code: MeshCode.ADDRESS_UNREACHABLE, neverSent: true };
      expect(await caught(textsOf(stream))).toMatchObject(refused);
      expect(await sending).toMatchObject(refused);
    });

    it('fails on both sides when the listener is destroyed', async () => {
      const stream = open('/never');
      await eventually('the stream has arrived', () => streams.seen.length === 1);
      const reading = caught(textsOf(stream));
      listener.destroy();
      expect((await reading).code).toBe(MeshCode.UNREACHABLE);
      await eventually('the handler is told', () => streams.seen[0]?.cancellation.reason !== undefined);
      expect(connection.pending).toBe(0);
    });

    it('fails on both sides when the connection is destroyed', async () => {
      const stream = open('/never');
      await eventually('the stream has arrived', () => streams.seen.length === 1);
      const reading = caught(textsOf(stream));
      connection.destroy();
      expect((await reading).code).toBe(MeshCode.UNREACHABLE);
      await eventually('the handler is told', () => streams.seen[0]?.cancellation.reason !== undefined);
      expect((await caught(textsOf(open('/back')))).neverSent).toBe(true);
    });

    it('tells handlers that the listener is about to close, and waits for their streams', async () => {
      const stream = open('/until-drained');
      await eventually('the stream has arrived', () => streams.seen.length === 1);
      const closing = listener.close();
      expect(await textsOf(stream)).toEqual(['goodbye']);
      await closing;
      expect(listener.pending).toBe(0);
    });

    it('waits for open streams before the connection closes', async () => {
      const stream = open('/back');
      await eventually('the stream has arrived', () => streams.seen.length === 1);
      let closed = false;
      const closing = connection.close().then(() => (closed = true));
      await stream.send(Buffer.from('on'));
      expect(closed).toBe(false);
      stream.end();
      expect(await textsOf(stream)).toEqual(['on']);
      await closing;
    });

    it('is not disturbed by calls, nor disturbs them', async () => {
      const stream = open('/back');
      await stream.send(Buffer.from('one'));
      expect(Buffer.from(await connection.call(outbound({ path: '/each' }))).toString()).toBe('re: hello');
      await stream.send(Buffer.from('two'));
      stream.end();
      expect(await textsOf(stream)).toEqual(['one', 'two']);
    });
  });
}

async function textsOf(stream: DuplexStream, texts: string[] = []): Promise<string[]> {
  for await (const message of stream.messages) texts.push(Buffer.from(message).toString());
  return texts;
}

/** What comes on a stream, until it ends. */
async function keptOf(stream: DuplexStream): Promise<Uint8Array[]> {
  const messages: Uint8Array[] = [];
  for await (const message of stream.messages) messages.push(message);
  return messages;
}

async function lengthsOf(stream: DuplexStream): Promise<number[]> {
  const lengths: number[] = [];
  for await (const message of stream.messages) lengths.push(message.length);
  return lengths;
}
