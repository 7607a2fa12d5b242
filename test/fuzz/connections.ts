import { connect, type Socket } from 'node:net';
import { MeshCode } from '../../lib/errors/mesh-code.js';
import { FrameReader } from '../../lib/transport/link/frame-reader.js';
import { TcpTransport } from '../../lib/transport/tcp/tcp-transport.js';
import { FrameType } from '../../lib/transport/link/wire.js';
import type { Acceptor, Connection, Listener } from '../../lib/transport/transport.js';
import { outbound, transportOptions } from '../support/transport-fixtures.js';
import { within } from './target.js';

/** Time for a connection to be over after its peer has ended it, in ms: generous, since the machine may have much else to do. */
export const PATIENCE_MS = 10_000;

/** What a server may say of why it closes a connection. */
const REASONS: readonly string[] = [MeshCode.ENCODING, MeshCode.INCOMPATIBLE];

/** What is served. */
export const acceptor: Acceptor = (path) => {
  if (path === '/echo') return async (call) => call.body;
  if (path === '/fail') return () => Promise.reject(new Error('it was told to fail'));
  if (path === '/talk') {
    return {
      stream: async (stream) => {
        for await (const message of stream.messages) await stream.send(message);
      },
    };
  }
  return undefined;
};

/** A server, and a neighbour who calls it over a connection of its own. */
export class Neighbourhood {
  private constructor(
    readonly listener: Listener,
    private readonly neighbour: Connection,
  ) {}

  static async open(): Promise<Neighbourhood> {
    const transport = new TcpTransport(transportOptions({}, { maxMessageBytes: 256 * 1024 }));
    const listener = await transport.listen({ host: '127.0.0.1', port: 0, handshakeTimeoutMs: 2_000 }, acceptor);
    return new Neighbourhood(listener, transport.dial(listener.address));
  }

  /** @throws Error when the neighbour feels something, or something is left behind */
  async check(): Promise<void> {
    const body = Buffer.alloc(40_000, 7);
    const answer = await within(PATIENCE_MS, 'the neighbour is answered', this.neighbour.call(outbound({ body })));
    if (!body.equals(answer)) throw new Error('the neighbour got another answer');
    if (this.listener.pending > 0)
      throw new Error(`${this.listener.pending} calls are pending, and their callers are gone`);
  }

  close(): void {
    this.neighbour.destroy();
    this.listener.destroy();
  }
}

/**
 * Connects to a server, sends bytes to it, and ends its side of the connection.
 *
 * @param patienceMs how long the server may take to close it
 * @param late what to do when it has not
 * @returns what came of it
 */
export async function say(address: string, bytes: Buffer, patienceMs: number, late: 'fail' | 'leave'): Promise<Buffer> {
  const colon = address.lastIndexOf(':');
  const socket = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)), noDelay: true });
  const heard: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => heard.push(chunk)).on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.end(bytes);
  try {
    await within(patienceMs, 'the connection is closed', closed);
  } catch (error) {
    if (late === 'fail') throw error;
  } finally {
    socket.destroy();
  }
  return Buffer.concat(heard);
}

/** What a server of ours has said, in a few words. @throws Error when it is broken, or closes for no reason that it may */
export function toldBy(bytes: Buffer): string {
  const kinds = new Set<string>();
  const reader = new FrameReader({
    frame: (type, _id, input) => {
      if (type !== FrameType.CLOSE) return void kinds.add(String(type));
      const code = input.text();
      const why = input.text();
      if (!REASONS.includes(code)) throw new Error(`the connection is closed with ${code}: ${why}`);
      kinds.add(`${code} ${why.replace(/\d+/g, '#')}`);
    },
    piece: () => void kinds.add('piece'),
  });
  reader.push(bytes);
  return [...kinds].toSorted().join(' ');
}

/** Ends a connection in a way that leaves nothing behind in the system. */
export function drop(socket: Socket): void {
  socket.resetAndDestroy();
}
