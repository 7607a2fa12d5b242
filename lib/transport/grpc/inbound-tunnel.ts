import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { toMeshError } from '../../errors/from-unknown.js';
import type { Hello } from '../link/hello.js';
import { InboundLink } from '../link/inbound-link.js';
import type { Acceptor } from '../transport.js';
import { AnswerWriter } from './answer-writer.js';
import { FrameReader } from './frames.js';
import { ServedStream, type InboundHost } from './inbound-host.js';
import { originOf } from './inbound-message.js';
import { MAX_TUNNEL_MESSAGE, TunnelCarrier, type TunnelEnd } from './tunnel-carrier.js';

/**
 * The server's end of a tunnel. Whatever its frames say, its calls are of the path and have the headers that opened it: what stands between
 * has seen no others.
 */
export class InboundTunnel extends ServedStream implements TunnelEnd {
  private readonly reader = new FrameReader(MAX_TUNNEL_MESSAGE);
  private readonly writer: AnswerWriter;
  private readonly carrier: TunnelCarrier;
  private readonly link: InboundLink;

  constructor(
    private readonly stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    acceptor: Acceptor,
    own: Hello,
    host: InboundHost,
  ) {
    super();
    this.writer = new AnswerWriter(stream);
    this.carrier = new TunnelCarrier(stream, this);
    this.link = new InboundLink(this.carrier, own, {
      acceptor,
      head: originOf(headers, host.peer),
      onGreeted: () => undefined,
      onCall: () => host.onCall(),
      onCallOver: () => host.onCallOver(),
      onGone: () => undefined,
    });
    stream.on('data', (chunk: Buffer) => this.gotData(chunk)).on('end', () => this.carrier.emit('end'));
    stream
      .on('error', (error) => this.carrier.emit('error', error))
      .on('wantTrailers', () => this.writer.sendTrailers());
    stream.on('close', () => {
      this.carrier.emit('close');
      host.onStreamGone(this);
    });
  }

  drain(): void {
    this.link.drain();
  }

  /** It ends by itself once it is drained. */
  retire(): void {}

  write(message: Uint8Array, written?: (error?: Error | null) => void): boolean {
    return this.writer.write(message, written);
  }

  end(): void {
    if (this.carrier.destroyed) return;
    this.writer.end();
    // What still comes is not looked at, but a stream whose data nobody takes never closes.
    this.stream.resume();
  }

  destroy(): void {
    if (this.carrier.destroyed) return;
    if (this.stream.readableEnded) this.writer.end();
    else this.stream.close(constants.NGHTTP2_CANCEL);
  }

  private gotData(chunk: Buffer): void {
    this.reader.push(chunk);
    try {
      for (let frame = this.reader.next(); frame; frame = this.reader.next()) this.carrier.got(frame.body);
    } catch (error) {
      this.link.giveUp(toMeshError(error).message);
    }
  }
}
