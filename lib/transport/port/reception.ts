import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { awaitProtocol, type Protocol } from './first-bytes.js';
import { plainRefusal } from './http-messages.js';
import { ALPN } from '../link/wire.js';
import { refuseTls, type TlsDoor } from './tls-door.js';

/** What is spoken on a connection once it is known whether through TLS. */
export type Spoken = Exclude<Protocol, 'tls'>;

/**
 * Told of a connection that has shown what it speaks.
 *
 * @param known to be called once the connection need not be watched any more
 */
export type Welcome = (spoken: Spoken, socket: Socket, known: () => void) => void;

/** What a {@link Reception} is made with. */
export interface ReceptionParts {
  /** Where connections with TLS go; absent: they are refused. */
  readonly door: TlsDoor | undefined;
  readonly plaintext: 'serve' | 'refuse';
  /** For a connection to show what it speaks, TLS included, in ms. */
  readonly handshakeTimeoutMs: number;
  readonly welcome: Welcome;
}

/**
 * Receives the connections of a port: finds out what each speaks, through TLS too, and closes those that do not show it in
 * time.
 */
export class Reception {
  /** Connections that have not shown yet what they speak. */
  private readonly strangers = new Set<Socket>();

  constructor(private readonly parts: ReceptionParts) {}

  /** Takes a new connection. */
  receive(socket: Socket): void {
    this.strangers.add(socket);
    const timer = setTimeout(() => socket.destroy(), this.parts.handshakeTimeoutMs).unref();
    const known = (): void => {
      clearTimeout(timer);
      this.strangers.delete(socket);
    };
    // A connection that breaks is over; its calls are cancelled when it closes.
    socket.on('error', () => undefined).once('close', known);
    hear(socket, (protocol) => this.admit(protocol, socket, known));
  }

  /** Closes the connections that have not shown yet what they speak. */
  close(): void {
    for (const socket of this.strangers) socket.destroy();
  }

  private admit(protocol: Protocol, socket: Socket, known: () => void): void {
    const { door, plaintext, welcome } = this.parts;
    if (protocol === 'tls') {
      if (!door) return refuseTls(socket);
      return void door.enter(socket, (secure) => hear(secure, (inner) => this.admitSecure(inner, secure, known)));
    }
    if (plaintext === 'refuse') return refusePlaintext(protocol, socket);
    welcome(protocol, socket, known);
  }

  private admitSecure(protocol: Protocol, secure: TLSSocket, known: () => void): void {
    if (protocol === 'tls' || contradicts(secure.alpnProtocol, protocol)) return void secure.destroy();
    this.parts.welcome(protocol, secure, known);
  }
}

/** Waits for what is spoken; who says goodbye before saying anything may leave. */
function hear(socket: Socket, tell: (protocol: Protocol) => void): void {
  const leave = (): void => void socket.destroy();
  socket.once('end', leave);
  awaitProtocol(socket, (protocol) => {
    socket.off('end', leave);
    tell(protocol);
  });
}

/** What is agreed on within TLS, by its name. */
const SPOKEN_AS: ReadonlyMap<string, Spoken> = new Map([
  ['h2', 'http2'],
  ['http/1.1', 'http1'],
  [ALPN, 'mesh'],
]);

/** Whether something else was agreed on within TLS (RFC 7301) than is spoken. */
function contradicts(agreed: string | false | null, spoken: Spoken): boolean {
  return typeof agreed === 'string' && SPOKEN_AS.get(agreed) !== undefined && SPOKEN_AS.get(agreed) !== spoken;
}

/** The connection stays watched: a caller who does not close it has it closed. */
function refusePlaintext(spoken: Spoken, socket: Socket): void {
  if (spoken !== 'http1') return void socket.destroy();
  const error = new MeshError(MeshCode.INVALID_REQUEST, 'this port serves TLS only');
  socket.resume().end(plainRefusal(error));
}
