import { constants, type ClientHttp2Stream, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { failureOfReset } from '../failures.js';
import { Channel, type ChannelOptions, type Conductor } from '../http2/channel.js';
import type { Lane } from '../http2/lane.js';
import type { Carrier, PendingCall } from '../pending-call.js';
import type { Target } from '../target.js';
import type { InboundAnswer } from '../transport.js';
import { AnswerBody } from './answer-body.js';
import type { HttpWire } from './http-connection.js';
import { requestPathOf, sayRequestHeaders } from './http-request-head.js';

/** Calls over HTTP/2, with prior knowledge: many on one connection. */
export class Http2Wire implements HttpWire {
  private readonly channel: Channel<PendingCall<InboundAnswer>>;

  constructor(target: Target, options: ChannelOptions, connectTimeoutMs: number) {
    this.channel = new Channel(target, options, conductorOf, connectTimeoutMs);
  }

  send(pending: PendingCall<InboundAnswer>): void {
    this.channel.send(pending);
  }

  close(): Promise<void> {
    return this.channel.close();
  }

  destroy(): void {
    this.channel.destroy();
  }
}

function conductorOf(lane: Lane): Conductor<PendingCall<InboundAnswer>> {
  return { send: (pending) => void new Http2Call(lane, pending), leave: () => undefined };
}

/** One call over HTTP/2. */
class Http2Call implements Carrier {
  private readonly stream: ClientHttp2Stream;
  private answer: AnswerBody | undefined;
  private ended = false;

  constructor(
    private readonly lane: Lane,
    private readonly pending: PendingCall<InboundAnswer>,
  ) {
    const path = requestPathOf(pending.call);
    const headers: OutgoingHttpHeaders = { ':method': 'POST', ':authority': lane.address, ':path': path };
    sayRequestHeaders(pending.call, (name, value) => (headers[name] = value));
    this.stream = lane.session.request(headers, { endStream: false });
    pending.carrier = this;
    lane.calls++;
    this.stream.on('response', (received) => this.gotHeaders(received));
    this.stream.on('data', (chunk: Buffer) => this.gotData(chunk)).on('end', () => this.gotEnd());
    // After an error comes `close`, which says what there is to say.
    this.stream.on('close', () => this.gotClose()).on('error', () => undefined);
    this.stream.end(pending.call.body);
  }

  /** Ends the call at the peer, too, unless the connection bears no more resets. */
  abandon(): void {
    if (this.lane.resets.take() === 'granted') this.stream.close(constants.NGHTTP2_CANCEL);
  }

  private gotHeaders(headers: IncomingHttpHeaders): void {
    this.answer = new AnswerBody(Number(headers[':status']), headers, this.lane.maxMessageBytes);
  }

  private gotData(chunk: Buffer): void {
    const refusal = this.pending.settled ? undefined : this.answer?.push(chunk);
    if (!refusal) return;
    this.pending.fail(refusal);
    this.abandon();
  }

  private gotEnd(): void {
    this.ended = true;
    // An answer may come before all that we had to say was said.
    if (this.answer && !this.stream.writableFinished) this.stream.close(constants.NGHTTP2_NO_ERROR);
  }

  private gotClose(): void {
    this.lane.calls--;
    const { answer, ended, stream } = this;
    // A stream that is broken off ends, too: its code tells, or the length.
    const well = ended && stream.rstCode === constants.NGHTTP2_NO_ERROR;
    if (answer && well && answer.whole) return this.pending.succeed(answer.finish());
    this.pending.fail(failureOfReset(this.stream.rstCode, this.lane.session, this.lane.address));
  }
}
