import { constants, type IncomingHttpHeaders, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { Acceptor } from '../transport.js';
import { AnswerWriter } from './answer-writer.js';
import { InboundStream, type InboundHost } from './inbound-stream.js';

/** Time for a peer to end its idle streams once it was told that the server closes, in ms. */
const FAREWELL_MS = 500;

/** What a connection tells the listener. */
export interface CallCounter {
  /** Calls under way. */
  calls: number;
}

/** One connection at the server, and the streams on it. */
export class InboundConnection implements InboundHost {
  readonly peer: string;
  retiring = false;
  private readonly streams = new Set<InboundStream>();

  constructor(
    private readonly session: Http2Session,
    private readonly acceptor: Acceptor,
    private readonly counter: CallCounter,
    readonly maxMessageBytes: number,
  ) {
    const { remoteAddress, remotePort } = session.socket;
    this.peer = remoteAddress?.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
  }

  /** Whether a call is under way on it, or may be. */
  get busy(): boolean {
    return this.streams.size > 0;
  }

  /** Serves a stream that the peer has opened. */
  open(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const refusal = refusalOf(headers);
    if (refusal !== undefined)
      return void stream.on('error', ignore).respond({ ':status': refusal }, { endStream: true });
    const path = headers[':path'] ?? '';
    const handler = this.acceptor(path);
    if (handler) this.streams.add(new InboundStream(stream, headers, handler, this));
    else
      new AnswerWriter(stream.on('error', ignore)).fail(
        new MeshError(MeshCode.NO_SERVICE, `nothing is served at '${path}'`),
      );
  }

  /**
   * Takes no new streams, and closes after the last of those open. Peers are told, and given a moment to end the streams
   * without a call by themselves, so that no call crosses the end of its stream; then such streams are ended here.
   */
  drain(): void {
    this.session.close();
    if (this.session.destroyed) return;
    const timer = setTimeout(() => this.retireIdle(), FAREWELL_MS);
    this.session.once('close', () => clearTimeout(timer));
  }

  /** Closes at once. */
  destroy(): void {
    this.session.destroy(undefined, constants.NGHTTP2_CANCEL);
  }

  onCall(): void {
    this.counter.calls++;
  }

  onCallOver(): void {
    this.counter.calls--;
  }

  onStreamGone(stream: InboundStream): void {
    this.streams.delete(stream);
  }

  private retireIdle(): void {
    this.retiring = true;
    for (const stream of this.streams) if (stream.idle) stream.retire();
  }
}

/** The HTTP status for what is no gRPC call. */
function refusalOf(headers: IncomingHttpHeaders): number | undefined {
  if (headers[':method'] !== 'POST') return constants.HTTP_STATUS_METHOD_NOT_ALLOWED;
  if (!headers['content-type']?.startsWith('application/grpc')) return constants.HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE;
  return undefined;
}

function ignore(): void {}
