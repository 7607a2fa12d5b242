import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { CallStream } from './call-stream.js';
import { endWithFrame, type Frame } from './frames.js';
import { requestHeaders } from './headers.js';
import type { Lane } from '../http2/lane.js';
import type { PendingCall } from '../pending-call.js';

/** A call on a stream of its own. */
export class UnaryCall extends CallStream {
  private answer: Frame | undefined;

  /**
   * Sends the call.
   *
   * @param onStreamsTaken told when the answer says that calls may be sent in streams
   * @throws MeshError E0000000400 for headers that cannot be sent, or what node:http2 throws when it takes no more streams
   */
  constructor(
    lane: Lane,
    private readonly pending: PendingCall,
    private readonly onStreamsTaken?: () => void,
  ) {
    const { path, headers, body } = pending.call;
    super(lane, lane.session.request(requestHeaders(lane.address, path, headers, pending.remainingMs), openStream));
    pending.carrier = this;
    lane.calls++;
    lane.outlet.pass(this.stream, body.length, (left) => endWithFrame(this.stream, body, left));
  }

  protected override onMessage(frame: Frame): void {
    if (this.answer) {
      throw new MeshError(MeshCode.ENCODING, `${this.lane.address} sent a second answer to one call`);
    }
    this.answer = frame;
  }

  protected override onGarbage(error: MeshError): void {
    this.pending.fail(error);
  }

  protected override onStatus(failure: MeshError | undefined): void {
    if (this.takesStreams) this.onStreamsTaken?.();
    if (failure) this.pending.fail(failure);
    else if (this.answer) this.deliver(this.answer, this.pending);
    else this.pending.fail(new MeshError(MeshCode.ENCODING, `${this.lane.address} answered OK, but without an answer`));
  }

  protected override onGone(failure: MeshError | undefined): void {
    this.lane.calls--;
    if (failure) this.pending.fail(failure);
  }
}

const openStream = { endStream: false } as const;
