import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { PayloadWriter } from '../../../lib/protocol/payload.js';
import { decodeHello, encodeHello, type Hello } from '../../../lib/transport/link/hello.js';
import { TcpTransport } from '../../../lib/transport/tcp/tcp-transport.js';
import { FrameType, MORE } from '../../../lib/transport/link/wire.js';
import type { Connection } from '../../../lib/transport/transport.js';
import { caught } from '../../support/caught.js';
import { eventually } from '../../support/eventually.js';
import { RawSocket } from '../../support/raw-socket.js';
import { callFrame, closingOf, frame, framesOf, GREETING, greeting, type SeenFrame } from '../../support/tcp-frames.js';
import { outbound, transportOptions } from '../../support/transport-fixtures.js';

const transport = new TcpTransport(transportOptions());

/** A field of a greeting that no version known so far has. */
const UNKNOWN_FIELD = new PayloadWriter().number(99).number(3).raw(Buffer.from('new')).written;

/** Frames that later versions may send: with and without an id, with and without a payload, and one that is cut. */
const LATER_FRAMES = Buffer.concat([
  frame(64),
  frame(100, 1, Buffer.from('new')),
  frame(127, 0x7fff_ffff, Buffer.alloc(1_000)),
  frame(70 | MORE, 1, Buffer.from('new')),
]);

/** What a peer of a later version greets with. */
function laterHello(hello: Partial<Hello>): Buffer {
  return frame(FrameType.HELLO, 0, Buffer.concat([encodeHello({ ...GREETING, ...hello }), UNKNOWN_FIELD]));
}

describe('a caller of a later version', () => {
  /** Greets a listener of this version, and makes a call. @returns the frames that have come so far */
  async function call(versions: Hello['versions']): Promise<{ readonly socket: RawSocket; frames(): SeenFrame[] }> {
    const listener = await transport.listen(
      { host: '127.0.0.1', port: 0 },
      () =>
        async ({ body }) =>
          body,
    );
    onTestFinished(() => listener.destroy());
    const socket = new RawSocket(listener.address);
    const magic = greeting().subarray(0, 8);
    const sent = [
      magic,
      laterHello({ versions }),
      LATER_FRAMES,
      callFrame(1, '/echo', Buffer.from('hello')),
      LATER_FRAMES,
    ];
    socket.send(Buffer.concat(sent));
    return { socket, frames: () => framesOf(Buffer.from(socket.text, 'latin1')) };
  }

  it('is spoken to in the version of here where it speaks that, too; what is unknown is skipped', async () => {
    const { frames, socket } = await call({ min: 1, max: 2 });
    await eventually('the answer has come', () => frames().some(({ type }) => type === FrameType.ANSWER));
    const [hello, ...others] = frames();
    expect(decodeHello(hello!.payload).versions).toEqual({ min: 1, max: 1 });
    expect(others.map(({ type, id, payload }) => [type, id, String(payload)])).toEqual([
      [FrameType.ANSWER, 1, 'hello'],
    ]);
    socket.socket.destroy();
  });

  it('is told which versions are spoken where it speaks none of them', async () => {
    const { frames, socket } = await call({ min: 2, max: 2 });
    await socket.closed;
    expect(frames().map(({ type }) => type)).toEqual([FrameType.CLOSE]);
    expect(closingOf(frames())).toMatchObject({
      code: MeshCode.INCOMPATIBLE,
      text: expect.stringMatching(/1 to 1 .* 2 to 2/),
    });
  });
});

describe('a server of a later version', () => {
  /** Calls a server that greets as told, and answers every call. */
  async function dial(versions: Hello['versions']): Promise<{ readonly connection: Connection; heard(): SeenFrame[] }> {
    let heard = Buffer.alloc(0);
    const frames = () => framesOf(heard.subarray(8));
    const serve = (socket: Socket): void => {
      onTestFinished(() => void socket.destroy());
      let answered = 0;
      socket
        .on('error', () => undefined)
        .on('data', (chunk: Buffer) => {
          if (heard.length === 0) socket.write(Buffer.concat([laterHello({ versions }), LATER_FRAMES]));
          heard = Buffer.concat([heard, chunk]);
          for (const { id } of frames()
            .filter(({ type }) => type === FrameType.CALL)
            .slice(answered)) {
            answered++;
            socket.write(Buffer.concat([LATER_FRAMES, frame(FrameType.ANSWER, id, Buffer.from('later'))]));
          }
        });
    };
    const server = createServer(serve);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const connection = transport.dial(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(() => connection.destroy());
    return { connection, heard: frames };
  }

  it('is called in the version of here when it agrees to that; what is unknown is skipped', async () => {
    const { connection, heard } = await dial({ min: 1, max: 1 });
    for (let i = 0; i < 3; i++) expect(String(await connection.call(outbound()))).toBe('later');
    expect(decodeHello(heard()[0]!.payload).versions).toEqual({ min: 1, max: 1 });
  });

  it('is not called when it speaks another, and is told so', async () => {
    const { connection, heard } = await dial({ min: 2, max: 2 });
    expect(await caught(connection.call(outbound()))).toMatchObject({
      code: MeshCode.ADDRESS_UNREACHABLE,
      neverSent: true,
      message: expect.stringMatching(/1 to 1 .* 2 to 2/),
    });
    await eventually('it was told', () => closingOf(heard()) !== undefined);
    expect(closingOf(heard())?.code).toBe(MeshCode.INCOMPATIBLE);
    expect(heard().some(({ type }) => type === FrameType.CALL)).toBe(false);
  });
});
