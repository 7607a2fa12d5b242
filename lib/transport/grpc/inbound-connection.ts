import { constants, type IncomingHttpHeaders, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import { LinkedList } from '../../collections/linked-list.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { Header } from '../../protocol/headers.js';
import { isPassage, nothingAt } from '../endpoint.js';
import { splitQuery } from '../paths.js';
import { peerOf } from '../peer.js';
import type { Hello } from '../link/hello.js';
import type { Acceptor, Endpoint, PassageEndpoint } from '../transport.js';
import { AnswerWriter } from './answer-writer.js';
import { InboundCalls } from './inbound-calls.js';
import { InboundDuplex } from './inbound-duplex.js';
import type { InboundHost, ServedStream } from './inbound-host.js';
import { InboundTunnel } from './inbound-tunnel.js';

/** Time for a peer to end its idle streams once it was told that the server closes, in ms. */
const FAREWELL_MS = 500;

/** Most tunnels of one connection: each has memory of its own. */
const MAX_TUNNELS = 64;

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
  private readonly streams = new LinkedList<ServedStream>();
  private tunnels = 0;

  constructor(
    private readonly session: Http2Session,
    private readonly counter: CallCounter,
    readonly maxMessageBytes: number,
    /** What serves the calls of tunnels. */
    private readonly acceptor: Acceptor,
    /** What those who tunnel are told. */
    private readonly own: Hello,
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
    if (isTunnel(headers) && this.tunnels >= MAX_TUNNELS) {
      return new AnswerWriter(stream.on('error', ignore)).fail(tooManyTunnels());
    }
    const served = this.serve(stream, headers, endpoint);
    this.streams.append(served);
    if (served instanceof InboundTunnel) this.tunnels++;
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
    this.streams.remove(stream);
    if (stream instanceof InboundTunnel) this.tunnels--;
  }

  private serve(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    endpoint: Exclude<Endpoint, PassageEndpoint>,
  ): ServedStream {
    if (isTunnel(headers)) return new InboundTunnel(stream, headers, this.acceptor, this.own, this);
    if (typeof endpoint === 'function') return new InboundCalls(stream, headers, endpoint, this);
    return new InboundDuplex(stream, headers, endpoint.stream, this);
  }

  private retireIdle(): void {
    this.retiring = true;
    for (const stream of this.streams) stream.retire();
  }
}

function isTunnel(headers: IncomingHttpHeaders): boolean {
  return headers[Header.TUNNEL] === '1';
}

function tooManyTunnels(): MeshError {
  return new MeshError(
    MeshCode.BUFFER_FULL,
    `${MAX_TUNNELS} tunnels are open on this connection, and no more are taken`,
  );
}

function ignore(): void {}
