import { constants, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import type { MeshError } from '../../errors/mesh-error.js';
import { Header, PACKED } from '../../protocol/headers.js';
import { decompress } from '../decompress.js';
import { failureOfReset } from '../failures.js';
import { failureOfStatus } from './failures.js';
import { FrameReader, type Frame } from './frames.js';
import type { Lane } from '../http2/lane.js';
import type { Carrier, PendingCall } from '../pending-call.js';

const OWNER = Symbol('owner');

/** A stream that knows who reads it, so that its listeners need not be made anew for each. */
interface OwnedStream extends ClientHttp2Stream {
  [OWNER]?: CallStream | undefined;
}

/** The client's end of a gRPC stream: takes messages and the status out of what HTTP/2 delivers. */
export abstract class CallStream implements Carrier {
  private readonly reader: FrameReader;
  private httpStatus: number | undefined;
  protected encoding = 'identity';
  /** Whether the peer says that it takes calls in streams. */
  protected takesStreams = false;
  private trailers: IncomingHttpHeaders | undefined;

  protected constructor(
    protected readonly lane: Lane,
    protected readonly stream: ClientHttp2Stream,
    maxMessageBytes = lane.maxMessageBytes,
  ) {
    this.reader = new FrameReader(maxMessageBytes);
    (stream as OwnedStream)[OWNER] = this;
    stream.on('response', onResponse).on('trailers', onTrailers).on('data', onData);
    stream.on('end', onEnd).on('close', onClose).on('error', onError);
  }

  /** Ends the stream at the peer, too. When the connection bears no more resets, the peer ends it by its own deadline. */
  abandon(): void {
    if (this.lane.resets.take() === 'granted') this.stream.close(constants.NGHTTP2_CANCEL);
  }

  /** A message has arrived. */
  protected abstract onMessage(frame: Frame): void;
  /** The peer sent what cannot be read. The stream is closed already. */
  protected abstract onGarbage(error: MeshError): void;
  /** The peer has ended the stream with a status; `undefined` stands for OK. */
  protected abstract onStatus(failure: MeshError | undefined): void;
  /** The stream is gone. `failure` is set when no status came before. */
  protected abstract onGone(failure: MeshError | undefined): void;

  /** Hands a message to the caller, unpacked. */
  protected deliver(frame: Frame, pending: PendingCall): void {
    if (!frame.compressed) return pending.succeed(frame.body);
    decompress(frame.body, this.encoding, this.lane.maxMessageBytes).then(
      (body) => pending.succeed(body),
      (error: MeshError) => pending.fail(error),
    );
  }

  /** @internal */
  gotHeaders(headers: IncomingHttpHeaders, flags: number): void {
    this.httpStatus = Number(headers[':status']);
    const encoding = headers['grpc-encoding'];
    if (typeof encoding === 'string') this.encoding = encoding;
    this.takesStreams = headers[Header.CALL_STREAMS] === '1';
    this.lane.onAnswer?.(headers);
    if (flags & constants.NGHTTP2_FLAG_END_STREAM) this.trailers = headers;
    // Behind a proxy, peers may take turns: the last one that answered counts. Who only says what went wrong may be the proxy.
    else {
      this.lane.packs = headers[Header.FORMS] === PACKED;
      this.lane.tunnels = headers[Header.TUNNEL] === '1';
    }
  }

  /** @internal */
  gotTrailers(trailers: IncomingHttpHeaders): void {
    this.trailers = trailers;
  }

  /** @internal */
  gotData(chunk: Buffer): void {
    // Who says no in HTTP may send a page along, which is no message.
    if (this.httpStatus !== 200 || this.stream.closed) return;
    this.reader.push(chunk);
    try {
      for (let frame = this.reader.next(); frame; frame = this.reader.next()) this.onMessage(frame);
    } catch (error) {
      this.abandon();
      this.onGarbage(error as MeshError);
    }
  }

  /** @internal */
  gotEnd(): void {
    if (!this.trailers) return;
    // A status may come before all that we had to say was said.
    if (!this.stream.writableFinished) this.stream.close(constants.NGHTTP2_NO_ERROR);
    this.onStatus(failureOfStatus(this.trailers, this.httpStatus, this.lane.address));
  }

  /** @internal */
  gotClose(): void {
    const { lane, stream, trailers } = this;
    this.onGone(trailers ? undefined : failureOfReset(stream.rstCode, lane.session, lane.address));
  }
}

function onResponse(this: OwnedStream, headers: IncomingHttpHeaders, flags: number): void {
  this[OWNER]?.gotHeaders(headers, flags);
}

function onTrailers(this: OwnedStream, trailers: IncomingHttpHeaders): void {
  this[OWNER]?.gotTrailers(trailers);
}

function onData(this: OwnedStream, chunk: Buffer): void {
  this[OWNER]?.gotData(chunk);
}

function onEnd(this: OwnedStream): void {
  this[OWNER]?.gotEnd();
}

function onClose(this: OwnedStream): void {
  this[OWNER]?.gotClose();
  // Node keeps an ended stream for a while; it need not keep the call and its bytes.
  this[OWNER] = undefined;
}

/** `close` follows, and says what there is to say. */
function onError(): void {}
