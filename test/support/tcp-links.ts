import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Acceptor } from '../../lib/transport/transport.js';
import type { Hello } from '../../lib/transport/link/hello.js';
import { InboundLink } from '../../lib/transport/link/inbound-link.js';
import { OutboundLink, type OutboundLinkHost } from '../../lib/transport/link/outbound-link.js';
import type { MeshError } from '../../lib/errors/mesh-error.js';
import { MAGIC } from '../../lib/transport/link/wire.js';
import { framesOf, GREETING, greeting, type SeenFrame } from './tcp-frames.js';

/** Both ends of a connection over loopback; they are destroyed after the test. */
export async function socketPair(): Promise<readonly [here: Socket, there: Socket]> {
  const server = createServer({ noDelay: true, allowHalfOpen: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const arrived = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const here = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', noDelay: true });
  const there = await arrived;
  server.close();
  for (const socket of [here, there]) {
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
  }
  return [here, there];
}

/** What a peer hears from now on. @param skip bytes before the first frame */
export function heardBy(peer: Socket, skip = 0): () => SeenFrame[] {
  const heard: Buffer[] = [];
  peer.on('data', (chunk: Buffer) => heard.push(chunk));
  return () => framesOf(Buffer.concat(heard).subarray(skip));
}

/** The serving side of a connection, and the socket below it; the peer is whatever a test writes at the other end. */
export interface Served {
  readonly link: InboundLink;
  readonly socket: Socket;
  readonly peer: Socket;
}

/** Serves a peer that has not said a word yet. @param own what is said of this side, beside {@link GREETING} */
export async function serveLink(acceptor: Acceptor, own: Partial<Hello> = {}): Promise<Served> {
  const [peer, socket] = await socketPair();
  const nothing = (): void => undefined;
  const host = { acceptor, onGreeted: nothing, onCall: nothing, onCallOver: nothing, onGone: nothing };
  const link = new InboundLink(socket, { ...GREETING, maxCalls: 10_000, ...own }, host);
  return { link, socket, peer };
}

/** The calling side of a connection, and the socket below it; the peer is whatever a test writes at the other end. */
export interface Dialled {
  readonly link: OutboundLink;
  readonly socket: Socket;
  readonly peer: Socket;
  /** Why it is over. */
  readonly gone: Promise<MeshError>;
}

/**
 * Dials a peer that greets.
 *
 * @param hello what it says of itself, beside {@link GREETING}
 * @param told of what becomes of the connection
 * @param own what is said of this side, beside {@link GREETING}
 */
export async function dialLink(
  hello: Partial<Hello> = {},
  told: Partial<Pick<OutboundLinkHost, 'onRetired'>> = {},
  own: Partial<Hello> = {},
): Promise<Dialled> {
  const [socket, peer] = await socketPair();
  return new Promise((resolve) => {
    const gone = new Promise<MeshError>((tell) => {
      const link: OutboundLink = new OutboundLink(
        socket,
        { ...GREETING, ...own },
        {
          onReady: () => resolve({ link, socket, peer, gone }),
          onRetired: (retired) => told.onRetired?.(retired),
          onGone: (_, reason) => tell(reason),
        },
      );
    });
    peer.write(greeting(hello).subarray(MAGIC.length));
  });
}
