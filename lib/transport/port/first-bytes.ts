import type { Socket } from 'node:net';
import { MAGIC } from '../link/wire.js';

/** What a client of HTTP/2 says first, when it knows already that the server speaks it (RFC 9113, 3.4). */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** The first byte of TLS: a record of the handshake (RFC 8446, 5.1). */
const HANDSHAKE_RECORD = 0x16;

/** What can be spoken on the port. `mesh` is our own protocol (docs/tcp-protocol.md). */
export type Protocol = 'http1' | 'http2' | 'mesh' | 'tls';

/** What has a beginning of its own. */
const BEGINNINGS = [
  ['http2', PREFACE],
  ['mesh', MAGIC],
] as const;

/** The protocol that begins with these bytes; `undefined` while they are too few to tell. */
export function protocolOf(bytes: Buffer): Protocol | undefined {
  if (bytes[0] === HANDSHAKE_RECORD) return 'tls';
  for (const [protocol, beginning] of BEGINNINGS) {
    const known = Math.min(bytes.length, beginning.length);
    if (bytes.compare(beginning, 0, known, 0, known) === 0) return known === beginning.length ? protocol : undefined;
  }
  return 'http1';
}

/**
 * Waits for the first bytes on a connection, in however many pieces they come, and puts them back for whoever reads on.
 *
 * @param tell called once, with the protocol; never, when the connection ends before it is clear
 */
export function awaitProtocol(socket: Socket, tell: (protocol: Protocol) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const look = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (!chunk) return;
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const protocol = protocolOf(seen);
    if (!protocol) return;
    socket.off('readable', look);
    socket.unshift(seen);
    tell(protocol);
  };
  socket.on('readable', look);
}
