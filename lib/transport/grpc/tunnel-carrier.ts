import { EventEmitter } from 'node:events';
import type { Http2Stream } from 'node:http2';
import type { ByteCarrier } from '../link/byte-carrier.js';

/** Largest gRPC message read within a tunnel, in bytes: more than is ever written at once. */
export const MAX_TUNNEL_MESSAGE = 1024 * 1024;

/** How one end of a tunnel writes to its stream, and ends it. */
export interface TunnelEnd {
  /** Writes a gRPC message. @param written told once it was taken, or will not be */
  write(message: Uint8Array, written?: (error?: Error | null) => void): boolean;
  /** Ends this side after what was written. */
  end(): void;
  /** Ends both sides. */
  destroy(): void;
}

/** What stands in for a socket within a gRPC stream: what is written goes as messages, whose bounds mean nothing. */
export class TunnelCarrier extends EventEmitter implements ByteCarrier {
  bytesRead = 0;
  /** A message may be all that node:http2 has read at once, and is still about to look through. */
  readonly keepsChunks = true;

  constructor(
    private readonly stream: Http2Stream,
    private readonly own: TunnelEnd,
  ) {
    super();
    // Whoever uses it listens once, and more than one thing may go wrong.
    this.on('error', () => undefined);
    stream.on('timeout', () => this.emit('timeout')).on('finish', () => this.emit('finish'));
  }

  get remoteAddress(): string | undefined {
    return this.stream.session?.socket.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.stream.session?.socket.remotePort;
  }

  get writableLength(): number {
    return this.stream.writableLength;
  }

  get destroyed(): boolean {
    return this.stream.closed || this.stream.destroyed;
  }

  write(bytes: Uint8Array, written?: (error?: Error | null) => void): boolean {
    return this.own.write(bytes, written);
  }

  cork(): void {
    this.stream.cork();
  }

  uncork(): void {
    this.stream.uncork();
  }

  end(): void {
    this.own.end();
  }

  destroy(): void {
    this.own.destroy();
  }

  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
  }

  setTimeout(ms: number): void {
    this.stream.setTimeout(ms);
  }

  /** A message has arrived. */
  got(message: Buffer): void {
    this.bytesRead += message.length;
    this.emit('data', message);
  }
}
