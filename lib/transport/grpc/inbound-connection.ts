import { constants, type IncomingHttpHeaders, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import { isPassage, nothingAt } from '../endpoint.js';
import { splitQuery } from '../paths.js';
import { peerOf } from '../peer.js';
import type { Endpoint } from '../transport.js';
import { AnswerWriter } from './answer-writer.js';
import { InboundCalls } from './inbound-calls.js';
import { InboundDuplex } from './inbound-duplex.js';
import type { InboundHost, ServedStream } from './inbound-host.js';

/** Time for a peer to end its idle streams once it was told that the server closes, in ms. */
const FAREWELL_MS = 500;

const METHOD_NOT_ALLOWED = constants.HTTP_STATUS_METHOD_NOT_ALLOWED;

/** What a connection tells the listener. */
export interface CallCounter {
  /** Calls under way. */
  calls: number;
}

/** One connection at the server, and the streams on it. */
export class InboundConnection implements InboundHost {
  readonly peer: string;
  retiring = false;
  private readonly streams = new Set<ServedStream>();

  constructor(
    private readonly session: Http2Session,
    private readonly counter: CallCounter,
    readonly maxMessageBytes: number,
  ) {
    this.peer = peerOf(session.socket);
  }

  /** Whether a call is under way on it, or may be. */
  get busy(): boolean {
    return this.streams.size > 0;
  }

  /**
   * Serves a stream that the peer has opened.
   * @param endpoint what serves its path, if anything does
   */
  open(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, endpoint: Endpoint | undefined): void {
    if (headers[':method'] !== 'POST') {
      return void stream.on('error', ignore).respond({ ':status': METHOD_NOT_ALLOWED }, { endStream: true });
    }
    if (!endpoint || isPassage(endpoint)) {
      const { path } = splitQuery(headers[':path'] ?? '');
      return new AnswerWriter(stream.on('error', ignore)).fail(nothingAt(path));
    }
    const served =
      typeof endpoint === 'function'
        ? new InboundCalls(stream, headers, endpoint, this)
        : new InboundDuplex(stream, headers, endpoint.stream, this);
    this.streams.add(served);
    if (this.session.closed) served.drain();
  }

  /**
   * Takes no new streams, and closes after the last of those open. Peers are told, and given a moment to end the streams
   * without a call by themselves, so that no call crosses the end of its stream; then such streams are ended here.
   */
  drain(): void {
    this.session.close();
    if (this.session.destroyed) return;
    for (const stream of this.streams) stream.drain();
    const timer = setTimeout(() => this.retireIdle(), FAREWELL_MS);
    this.session.once('close', () => clearTimeout(timer));
  }

  /** Closes at once. */
  destroy(): void {
    // Without an error, node:http2 would forget the code.
    this.session.destroy(new Error('the listener was destroyed'), constants.NGHTTP2_CANCEL);
  }

  onCall(): void {
    this.counter.calls++;
  }

  onCallOver(): void {
    this.counter.calls--;
  }

  onStreamGone(stream: ServedStream): void {
    this.streams.delete(stream);
  }

  private retireIdle(): void {
    this.retiring = true;
    for (const stream of this.streams) stream.retire();
  }
}

function ignore(): void {}
