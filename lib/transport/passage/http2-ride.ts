import { type ClientHttp2Stream, constants, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { ByteReader } from '../byte-reader.js';
import { failureOfReset } from '../failures.js';
import { endToEnd } from '../hop-by-hop.js';
import type { Lane } from '../http2/lane.js';
import type { OnwardRequest } from '../onward.js';
import type { Carrier, Passenger } from '../pending-call.js';
import type { PassageAnswer, PassageHeaders } from '../transport.js';

import { pump } from './pump.js';

/** One request on its way on, over HTTP/2. */
export class Http2Ride implements Passenger {
  carrier: Carrier | undefined;
  /** What the server answers. */
  readonly answer: Promise<PassageAnswer>;
  private resolve!: (answer: PassageAnswer) => void;
  private reject!: (error: MeshError) => void;
  private lane: Lane | undefined;
  private stream: ClientHttp2Stream | undefined;
  private bodyTaken = 'no' as 'no' | 'yes';
  private state: 'waiting' | 'sent' | 'over' = 'waiting';
  private behind: PassageHeaders = {};

  private forget = (): void => undefined;

  /** @param onOver told once, when nothing is under way any more */
  constructor(
    private readonly request: OnwardRequest,
    private readonly address: string,
    private readonly onOver: () => void,
  ) {
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });

    this.forget = request.cancellation.onCancel((reason) => this.fail(reason));
  }

  /** There is a connection. @throws what node:http2 throws for what cannot be sent */
  board(lane: Lane): void {
    if (this.state === 'over') return;
    const stream = lane.session.request(this.head(), { endStream: this.request.length === 0, waitForTrailers: true });

    this.state = 'sent';
    this.lane = lane;
    this.stream = stream;
    lane.calls++;
    stream.on('response', (headers) => this.gotResponse(headers, stream));
    stream.on('trailers', (trailers) => (this.behind = endToEnd(trailers)));
    stream.on('wantTrailers', () => stream.sendTrailers(endToEnd(this.request.trailers()) as OutgoingHttpHeaders));
    stream.on('error', () => undefined).once('close', () => this.gotClose(lane));
    if (this.request.length === 0) return;
    this.sendBody(stream).catch((error: unknown) => this.fail(toMeshError(error)));
  }

  fail(error: MeshError): void {
    const { state, stream, lane } = this;
    if (state === 'over') return;
    this.finish();
    this.carrier?.abandon(this, error);
    this.reject(error);
    if (!stream || stream.closed) return;
    if (lane?.resets.take() === 'granted') stream.close(constants.NGHTTP2_CANCEL);
    else stream.end().resume();
  }

  private head(): OutgoingHttpHeaders {
    const { method, target, headers, length } = this.request;
    const { host = this.address, ...others } = headers;
    return {
      ':method': method,
      ':path': target,
      ':authority': String(host),
      ...(others as OutgoingHttpHeaders),
      te: 'trailers',
      ...(length && { 'content-length': String(length) }),
    };
  }

  private async sendBody(stream: ClientHttp2Stream): Promise<void> {
    this.bodyTaken = 'yes';
    await pump(this.request.body, stream, this.request.length);
    if (!stream.closed) stream.end();
  }

  private gotResponse(headers: IncomingHttpHeaders, stream: ClientHttp2Stream): void {
    const body = new ByteReader({
      stream,
      // A stream that is broken off ends, too: its code tells.
      isWhole: () => stream.rstCode === constants.NGHTTP2_NO_ERROR,
      failure: () => this.lost(),
      onLeft: () => this.fail(this.lost()),
    });
    this.resolve({ status: Number(headers[':status']), headers: endToEnd(headers), body, trailers: () => this.behind });
    stream.once('end', () => this.gotEnd(stream));
  }

  /** An answer may come before all that there was to say was said. */
  private gotEnd(stream: ClientHttp2Stream): void {
    if (!stream.writableFinished) stream.close(constants.NGHTTP2_NO_ERROR);
  }

  private gotClose(lane: Lane): void {
    lane.calls--;
    if (this.state === 'over') return;
    this.finish();
    this.reject(this.lost());
  }

  private finish(): void {
    this.state = 'over';

    this.forget();
    this.onOver();
  }

  /** Why there is no answer, or no more of it. */
  private lost(): MeshError {
    const { stream, lane, address } = this;
    const failure = failureOfReset(stream?.rstCode, lane?.session ?? { destroyed: true }, address);
    // What was taken of a body cannot be taken again.
    return this.bodyTaken === 'no' ? failure : new MeshError(MeshCode.UNREACHABLE, failure.message);
  }
}
