import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A TCP connection with whatever bytes a test wants. */
export class RawSocket {
  readonly socket: Socket;
  private readonly chunks: Buffer[] = [];
  /** Resolves when the peer has closed the connection, for whatever reason. */
  readonly closed: Promise<void>;

  constructor(address: string) {
    const colon = address.lastIndexOf(':');
    this.socket = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)), noDelay: true });
    this.socket.on('data', (chunk) => this.chunks.push(chunk)).on('error', () => undefined);
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    onTestFinished(() => void this.socket.destroy());
  }

  /** What has come so far. */
  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Sends the bytes one at a time. */
  async sendSlowly(bytes: string | Uint8Array, delayMs = 1): Promise<void> {
    for (const byte of Buffer.from(bytes)) {
      this.socket.write(Buffer.of(byte));
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
}
