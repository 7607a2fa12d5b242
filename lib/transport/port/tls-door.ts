import { ALPN } from '../link/wire.js';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { ResolvedListenTls } from '../../options/listen-options.js';
import { peerOf } from '../peer.js';
import { Certificates, type CertificateTexts } from './certificates.js';

const VERSIONS = { minVersion: 'TLSv1.2' } as const;

/** The fatal alert `handshake_failure` (RFC 8446, 6): what a client of TLS hears where there is none. */
const NO_TLS = Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x28]);

/** What a {@link TlsDoor} is made with. */
export interface TlsDoorParts {
  readonly tls: ResolvedListenTls;
  /** Name of the option that holds the certificates, such as `listen.tls`. */
  readonly option: string;
  /** For the handshake, in ms. */
  readonly handshakeTimeoutMs: number;
  /** Told what should be read by somebody. */
  readonly warn: (sentence: string) => void;
}

/** Makes secure connections of plain ones, as a server with certificates. It listens nowhere itself. */
export class TlsDoor {
  private readonly server: Server;
  /** By the caller's address, who is to be told: a server does not say of which connection it has made a secure one. */
  private readonly entering = new Map<string, (secure: TLSSocket) => void>();
  private certificates: Certificates | undefined;

  private constructor({ tls: { clientCertificate }, handshakeTimeoutMs }: TlsDoorParts) {
    this.server = createServer({
      ...VERSIONS,
      ALPNProtocols: ['h2', 'http/1.1', ALPN],
      allowHalfOpen: true,
      handshakeTimeout: handshakeTimeoutMs,
      requestCert: clientCertificate !== 'none',
      rejectUnauthorized: clientCertificate === 'require',
    });
    // The connection is closed; nobody is there to be told.
    this.server.on('tlsClientError', () => undefined);
    this.server.on('secureConnection', (secure) => this.gotSecure(secure));
  }

  /** @throws MeshError E0000000400 for certificates that cannot be read or used */
  static async open(parts: TlsDoorParts): Promise<TlsDoor> {
    const door = new TlsDoor(parts);
    door.certificates = await Certificates.read(parts.tls, parts.option, {
      use: (texts) => door.use(texts),
      warn: parts.warn,
    });
    return door;
  }

  /**
   * Begins with the handshake on a connection, whose first bytes are still to be read.
   *
   * @param tell called once the connection is secure; never, when it is closed before
   */
  async enter(socket: Socket, tell: (secure: TLSSocket) => void): Promise<void> {
    await this.certificates?.refresh();
    if (socket.destroyed) return;
    const peer = peerOf(socket);
    this.entering.set(peer, tell);
    socket.once('close', () => {
      if (this.entering.get(peer) === tell) this.entering.delete(peer);
    });
    this.server.emit('connection', socket);
  }

  private gotSecure(secure: TLSSocket): void {
    secure.on('error', () => undefined);
    const peer = peerOf(secure);
    const tell = this.entering.get(peer);
    this.entering.delete(peer);
    if (tell && isAcceptable(secure)) tell(secure);
    else secure.destroy();
  }

  private use({ key, cert, ca }: CertificateTexts): void {
    this.server.setSecureContext({ ...VERSIONS, key, cert, ...(ca !== undefined && { ca }) });
  }
}

/** Tells a client of TLS that there is none here. */
export function refuseTls(socket: Socket): void {
  socket.resume().end(NO_TLS);
}

/** Where certificates are asked for but not required, one that is shown has to be valid all the same. */
function isAcceptable(secure: TLSSocket): boolean {
  return secure.authorized || Object.keys(secure.getPeerCertificate() ?? {}).length === 0;
}
