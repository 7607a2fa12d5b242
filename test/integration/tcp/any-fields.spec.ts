import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { TcpTransport } from '../../../lib/transport/tcp/tcp-transport.js';
import { FrameType, MAGIC } from '../../../lib/transport/link/wire.js';
import type { Acceptor, Connection, InboundStream, Listener } from '../../../lib/transport/transport.js';
import { eventually } from '../../support/eventually.js';
import { RawSocket } from '../../support/raw-socket.js';
import { anyFrames, anyHello } from '../../support/tcp-arbitraries.js';
import { closingOf, framesOf, openFrame, callFrame, type SeenFrame } from '../../support/tcp-frames.js';
import { rawServer } from '../../support/tcp-server.js';
import { outbound, transportOptions } from '../../support/transport-fixtures.js';

/** Why a connection may be closed: what is wrong has to be found, not stumbled over. */
const REASONS: readonly (string | undefined)[] = [undefined, MeshCode.ENCODING, MeshCode.INCOMPATIBLE];

const RUNS = { numRuns: 200 };

async function repeat(stream: InboundStream): Promise<void> {
  for await (const message of stream.messages) await stream.send(message);
}

const acceptor: Acceptor = (path) => {
  if (path === '/echo') return async (call) => call.body;
  return path === '/hold' ? { stream: repeat } : undefined;
};

/** What a side says first: a greeting that can be taken, or anything. */
interface Beginning {
  readonly kind: 'greeting' | 'anything';
  readonly bytes: Buffer;
}

const beginning: fc.Arbitrary<Beginning> = fc.oneof(
  { weight: 6, arbitrary: anyHello.map((bytes) => ({ kind: 'greeting' as const, bytes })) },
  anyFrames(FrameType.HELLO).map((frames) => ({ kind: 'anything' as const, bytes: frames[0] as Buffer })),
);

describe('frames with any values in their fields', { timeout: 60_000 }, () => {
  const transport = new TcpTransport(transportOptions());
  let listener: Listener;
  let other: Connection;

  beforeAll(async () => {
    listener = await transport.listen({ host: '127.0.0.1', port: 0 }, acceptor);
    other = transport.dial(listener.address);
  });

  afterAll(() => {
    other.destroy();
    listener.destroy();
  });

  async function expectGoodEnd(told: readonly SeenFrame[]): Promise<void> {
    const closing = closingOf(told);
    if (!REASONS.includes(closing?.code)) throw new Error(`closed with ${closing?.code}: ${closing?.text}`);
    await eventually('nothing is pending', () => listener.pending === 0);
    expect(await other.call(outbound())).toHaveLength(5);
  }

  const { CALL, ANSWER, ERROR, DATA, OPEN, MESSAGE, END, CANCEL, CREDIT, PING, PONG, GOAWAY, CLOSE } = FrameType;
  const fromCaller = anyFrames(CALL, DATA, OPEN, MESSAGE, END, CANCEL, CREDIT, PING, PONG, CLOSE);
  const fromServer = anyFrames(ANSWER, ERROR, DATA, MESSAGE, END, CREDIT, PING, PONG, GOAWAY, CLOSE);
  it('of a caller leave nothing behind at a server, and others do not feel it', async () => {
    const begun = [
      openFrame(1, '/hold'),
      callFrame(2, '/echo', 50_000),
      openFrame(3, '/hold'),
      callFrame(4, '/echo', 0),
    ];
    await fc.assert(
      fc.asyncProperty(beginning, fromCaller, async ({ bytes }, frames) => {
        const socket = new RawSocket(listener.address);
        socket.send(Buffer.concat([MAGIC, bytes, ...begun, ...frames]));
        socket.socket.end();
        await socket.closed;
        await expectGoodEnd(framesOf(Buffer.from(socket.text, 'latin1')));
      }),
      RUNS,
    );
  });

  it('of a server end all calls of a caller, and others do not feel it', async () => {
    let said: { readonly hello: Beginning; readonly frames: Buffer };
    const server = await rawServer(
      (socket) => {
        const { hello, frames } = said;
        socket.once('data', () => {
          if (hello.kind === 'greeting') socket.write(hello.bytes);
          else socket.end(Buffer.concat([hello.bytes, frames]));
        });
      },
      (heard, socket) => {
        if (said.hello.kind === 'greeting' && heard.some(({ type }) => type === OPEN)) socket.end(said.frames);
      },
    );
    await fc.assert(
      fc.asyncProperty(beginning, fromServer, async (hello, frames) => {
        said = { hello, frames: Buffer.concat(frames) };
        const connection = server.dial();
        const outcomes = await Promise.allSettled(converse(connection));
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected' && !(outcome.reason instanceof MeshError)) throw outcome.reason;
        }
        expect(connection.pending).toBe(0);
        connection.destroy();
        await eventually('the connection is closed', () => server.sockets.size === 0);
        await expectGoodEnd(server.heard());
      }),
      RUNS,
    );
  });
});

/** What a caller does meanwhile: a stream, with the id 1, and calls large and small. */
function converse(connection: Connection): readonly Promise<unknown>[] {
  const stream = connection.open(outbound({ path: '/hold' }));
  const talk = async (): Promise<void> => {
    for await (const message of stream.messages) await stream.send(message);
  };
  const calls = [40_000, 5, 5].map((size) => connection.call(outbound({ body: Buffer.alloc(size), timeoutMs: 2_000 })));
  return [talk(), stream.send(Buffer.alloc(20_000)), ...calls];
}
