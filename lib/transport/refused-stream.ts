import type { MeshError } from '../errors/mesh-error.js';
import { Inbox } from './inbox.js';
import type { DuplexStream } from './transport.js';

/** A stream that was never opened, and says why. */
export class RefusedStream implements DuplexStream {
  readonly messages = new Inbox({ onRoom: () => undefined, onLeft: () => undefined });

  constructor(private readonly reason: MeshError) {
    this.messages.end(reason);
  }

  send(): Promise<void> {
    return Promise.reject(this.reason);
  }

  end(): void {}

  cancel(): void {}
}
