import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Cancellation } from '../../../../lib/context/cancellation.js';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import { LocalConnection } from '../../../../lib/transport/memory/local-connection.js';
import type { DuplexStream, InboundStream, StreamHandler } from '../../../../lib/transport/transport.js';
import { caught } from '../../../support/caught.js';
import { eventually } from '../../../support/eventually.js';
import { chainOf, chunks, type Handle, middleware, passOn, textsIn } from '../../../support/middleware-fixtures.js';

const LIMIT = 1_000;

const back: StreamHandler = async (stream) => {
  for await (const message of stream.messages) await stream.send(message);
};

/** A stream to a handler, through middleware. */
function open(handles: readonly Handle[], stream: StreamHandler, cancellation = new Cancellation()): DuplexStream {
  const members = handles.map((handle, index) => middleware(`m${index}`, handle, { paths: ['/s'] }));
  const find = chainOf(...members).around('self', () => ({ stream }));
  const headers = Object.assign(Object.create(null) as Record<string, string>, { 'x-a': '1' });
  return new LocalConnection(find, { maxMessageBytes: LIMIT }).open({ path: '/s?q=1', headers, cancellation });
}

async function exchange(stream: DuplexStream, ...texts: readonly string[]): Promise<readonly string[]> {
  const answers = textsIn(stream.messages);
  for (const text of texts) await stream.send(Buffer.from(text));
  stream.end();
  return answers;
}

/** A middleware that changes what is said, each way. */
const marking =
  (mark: string): Handle =>
  async (request, next) => {
    if (request.kind === 'call') return next(request);
    const response = await next({ ...request, body: marked(request.body, mark) });
    return { ...response, body: marked(response.body as AsyncIterable<Uint8Array>, mark.toUpperCase()) };
  };

async function* marked(body: AsyncIterable<Uint8Array>, mark: string): AsyncGenerator<Uint8Array, void> {
  for await (const message of body) yield Buffer.from(`${Buffer.from(message).toString()}${mark}`);
}

describe('a stream', () => {
  afterEach(() => vi.restoreAllMocks());

  it('is served by its handler with all that it came with', async () => {
    const seen: InboundStream[] = [];
    const shown: unknown[] = [];
    const show: Handle = (request, next) => {
      const { kind, listener, path, query, wire, method, deadline } = request;
      shown.push({ kind, listener, path, query, wire, method, deadline });
      request.headers['x-b'] = '2';
      return next(request);
    };
    const stream = open([show], async (inbound) => {
      seen.push(inbound);
      inbound.scope = { side: 'inner', areas: new Set() };
      await back(inbound);
    });
    expect(await exchange(stream, 'a', 'b')).toEqual(['a', 'b']);
    expect(shown).toEqual([
      { kind: 'stream', listener: 'self', path: '/s', query: 'q=1', wire: 'grpc', method: 'POST', deadline: Infinity },
    ]);
    expect(seen[0]).toMatchObject({ path: '/s', query: 'q=1', contentType: 'application/grpc', peer: 'local' });
    expect({ ...seen[0]?.headers }).toEqual({ 'x-a': '1', 'x-b': '2' });
  });

  it('may be changed each way, by several', async () => {
    expect(await exchange(open([marking('a'), passOn, marking('b')], back), '1', '2')).toEqual(['1abBA', '2abBA']);
  });

  it('may be answered by a middleware itself', async () => {
    let reached = 0;
    const own: Handle = async () => ({ status: 200, headers: {}, body: chunks('x', 'y') });
    expect(await textsIn(open([own], async () => void reached++).messages)).toEqual(['x', 'y']);
    const one: Handle = async () => ({ status: 200, headers: {}, body: Buffer.from('z') });
    expect(await textsIn(open([one], async () => void reached++).messages)).toEqual(['z']);
    expect(reached).toBe(0);
  });

  it('may be cut short, which its handler is told', async () => {
    let seen: InboundStream | undefined;
    const refused: MeshError[] = [];
    const short: Handle = async (request, next) => {
      const { body, ...response } = await next(request);
      return { ...response, body: first(body as AsyncIterable<Uint8Array>) };
    };
    const stream = open([short], async (inbound) => {
      seen = inbound;
      await inbound.send(Buffer.from('1'));
      await inbound.send(Buffer.from('2')).catch((error: MeshError) => refused.push(error));
      await inbound.send(Buffer.from('3')).catch((error: MeshError) => refused.push(error));
    });
    expect(await textsIn(stream.messages)).toEqual(['1']);
    await eventually('both are refused', () => refused.length === 2);
    expect(refused.map(({ code }) => code)).toEqual([MeshCode.CANCELLED, MeshCode.CANCELLED]);
    expect(seen?.cancellation.reason?.code).toBe(MeshCode.CANCELLED);
  });

  it('may be left unread, which its handler is told', async () => {
    let told: MeshError | undefined;
    const other: Handle = async (request, next) => {
      await next(request);
      return { status: 200, headers: {}, body: chunks('other') };
    };
    const stream = open([other], async (inbound) => {
      inbound.cancellation.onCancel((reason) => (told = reason));
      await inbound.send(Buffer.from('never read'));
    });
    expect(await textsIn(stream.messages)).toEqual(['other']);
    await eventually('it is told', () => told?.code === MeshCode.CANCELLED);
  });

  it('asks its handler for no more than is read', async () => {
    let sent = 0;
    let read: (() => void) | undefined;
    const slow: Handle = async (request, next) => {
      const response = await next(request);
      const gate = new Promise<void>((resolve) => (read = resolve));
      return { ...response, body: after(gate, response.body as AsyncIterable<Uint8Array>) };
    };
    const stream = open([slow], async (inbound) => {
      for (; sent < 50; sent++) await inbound.send(Buffer.from('m'));
    });
    const texts = textsIn(stream.messages);
    await eventually('it is about to be read', () => read !== undefined);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(sent).toBe(0);
    read?.();
    expect(await texts).toHaveLength(50);
  });

  it('ends at once, and for good, when its handler ends it', async () => {
    const codes: string[] = [];
    const handler: StreamHandler = async (inbound) => {
      await inbound.send(Buffer.from('enough'));
      inbound.end();
      await inbound.send(Buffer.from('more')).catch((error: MeshError) => codes.push(error.code));
    };
    for (const handle of [passOn, marking('')]) {
      expect(await textsIn(open([handle], handler).messages)).toEqual(['enough']);
    }
    expect(codes).toEqual([MeshCode.CANCELLED, MeshCode.CANCELLED]);
  });

  it.each([
    ['as they are', passOn],
    ['changed', marking('')],
  ])('tells of an error half way, messages being handed on %s', async (_, handle) => {
    const log = vi.spyOn(Logger.prototype, 'error').mockReturnValue();
    const forbidden = new MeshError(MeshCode.FORBIDDEN, 'not you');
    for (const [error, code] of [
      [forbidden, MeshCode.FORBIDDEN],
      [new TypeError('handler'), MeshCode.SYSTEM_ERROR],
    ] as const) {
      const texts: string[] = [];
      const stream = open([handle], async (inbound) => {
        await inbound.send(Buffer.from('first'));
        throw error;
      });
      const failure = await caught(
        (async () => {
          for await (const message of stream.messages) texts.push(Buffer.from(message).toString());
        })(),
      );
      expect([failure.code, failure.message, texts]).toEqual([code, error.message, ['first']]);
    }
    expect(log).not.toHaveBeenCalled();
  });

  it('tells of an error of a middleware, before and amid the messages', async () => {
    const log = vi.spyOn(Logger.prototype, 'error').mockReturnValue();
    const before: Handle = async () => Promise.reject(new MeshError(MeshCode.FORBIDDEN, 'no'));
    expect(await caught(textsIn(open([before], back).messages))).toMatchObject({ code: MeshCode.FORBIDDEN });
    const amid: Handle = async (request, next) => {
      const response = await next(request);
      return { ...response, body: failing(response.body as AsyncIterable<Uint8Array>, new TypeError('amid')) };
    };
    expect(await caught(exchange(open([amid], back), 'a'))).toMatchObject({
      code: MeshCode.SYSTEM_ERROR,
      message: 'amid',
    });
    expect(log).toHaveBeenCalledTimes(1);
  });

  it('tells of an error of a middleware in what came, even to a caller whose handler does not mind', async () => {
    const inward: Handle = async (request, next) => {
      if (request.kind === 'call') return next(request);
      return next({ ...request, body: failing(request.body, new MeshError(MeshCode.FORBIDDEN, 'a bad message')) });
    };
    const careless: StreamHandler = async (inbound) => back(inbound).catch(() => undefined);
    expect(await caught(exchange(open([inward], careless), 'a'))).toMatchObject({ code: MeshCode.FORBIDDEN });
  });

  it.each([
    ['as they are', passOn],
    ['changed', marking('')],
  ])('refuses a message that is too long, and lives on, messages being handed on %s', async (_, handle) => {
    const codes: string[] = [];
    const stream = open([handle], async (inbound) => {
      await inbound.send(Buffer.alloc(LIMIT + 1)).catch((error: MeshError) => codes.push(error.code));
      await inbound.send(Buffer.from('short'));
    });
    expect(await textsIn(stream.messages)).toEqual(['short']);
    expect(codes).toEqual([MeshCode.MESSAGE_TOO_LONG]);
  });

  it('fails when a middleware makes a message too long that nobody sent', async () => {
    const adding: Handle = async (request, next) => {
      await next(request);
      return { status: 200, headers: {}, body: chunks('x'.repeat(LIMIT + 1)) };
    };
    const error = await caught(textsIn(open([adding], async () => undefined).messages));
    expect(error.code).toBe(MeshCode.MESSAGE_TOO_LONG);
  });

  it('is over when its caller goes away, whatever a middleware waits for', async () => {
    let [begun, over] = [0, 0];
    const never = new Promise<never>(() => undefined);
    const hanging: readonly Handle[] = [
      () => (begun++, never),
      async (request, next) => {
        const response = await next(request);
        begun++;
        return { ...response, body: after(never, chunks()) };
      },
    ];
    for (const [index, handle] of hanging.entries()) {
      const cancellation = new Cancellation();
      const find = chainOf(middleware('hangs', handle)).around('self', () => ({ stream: back }));
      const endpoint = find('/s');
      if (!endpoint || !('stream' in endpoint)) throw new Error('no stream is served');
      const watched = { stream: (stream: InboundStream) => endpoint.stream(stream).finally(() => over++) };
      const stream = new LocalConnection(() => watched).open({ path: '/s', headers: {}, cancellation });
      const texts = caught(textsIn(stream.messages));
      await eventually('it waits', () => begun === index + 1);
      cancellation.cancel(new MeshError(MeshCode.CANCELLED));
      await texts;
    }
    await eventually('both are over', () => over === 2);
  });
});

async function* first(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for await (const message of body) {
    yield message;
    return;
  }
}

async function* after(gate: Promise<void>, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  await gate;
  yield* body;
}

async function* failing(body: AsyncIterable<Uint8Array>, error: Error): AsyncGenerator<Uint8Array, void> {
  for await (const message of body) {
    if (message.length > 0) throw error;
    yield message;
  }
}
