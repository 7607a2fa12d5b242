import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { PtpMetadata } from '../../protocol/ptp/messages.js';
import type { Carried } from './topic-carrier.js';

/**
 * A message of a stream. Reading its {@link payload} takes it: until then it counts as on its way, and goes back to the head
 * of its queue when the stream ends.
 */
export class ReceivedMessage {
  private state: 'waiting' | 'taken' | 'returned' = 'waiting';

  /** @internal */
  constructor(
    private readonly carried: Carried,
    private readonly onTaken: (message: ReceivedMessage) => void,
  ) {}

  /**
   * The bytes. The first read takes the message.
   * @throws MeshError E0000000614 when the message went back, since its stream ended before
   */
  get payload(): Uint8Array {
    this.take();
    if (this.state === 'taken') return this.carried.payload;
    throw new MeshError(MeshCode.NOT_PERMITTED, 'the message went back to its queue when its stream ended');
  }

  /** What travels beside the payload. */
  get metadata(): PtpMetadata {
    return this.carried.metadata;
  }

  /** Takes the message without reading it, so that the next may come. */
  take(): void {
    if (this.state !== 'waiting') return;
    this.state = 'taken';
    this.carried.settle('delivered');
    this.onTaken(this);
  }

  /** @internal */
  giveBack(): void {
    if (this.state !== 'waiting') return;
    this.state = 'returned';
    this.carried.settle('lost');
  }
}
