import type { MeshError } from '../../errors/mesh-error.js';
import { Header } from '../../protocol/headers.js';
import type { Lane } from '../http2/lane.js';
import type { Hello } from '../link/hello.js';
import { OutboundLink, type OutboundLinkHost } from '../link/outbound-link.js';
import type { SharedHead } from '../transport.js';
import { CallStream } from './call-stream.js';
import { type Frame, writeFrame } from './frames.js';
import { requestHeaders } from './headers.js';
import { MAX_TUNNEL_MESSAGE, TunnelCarrier, type TunnelEnd } from './tunnel-carrier.js';

/**
 * The client's end of a tunnel: a gRPC stream in which all calls of one head go at the same time, in the frames of the TCP protocol. Those of
 * one turn of the event loop take one write.
 */
export class OutboundTunnel extends CallStream implements TunnelEnd {
  readonly link: OutboundLink;
  private readonly carrier: TunnelCarrier;

  /** @throws MeshError E0000000400 for headers that cannot be sent, or what node:http2 throws when it takes no more streams */
  constructor(lane: Lane, { path, headers }: SharedHead, own: Hello, host: OutboundLinkHost) {
    const opening = { ...requestHeaders(lane.address, path, headers, Infinity), [Header.TUNNEL]: '1' };
    super(lane, lane.session.request(opening, { endStream: false }), MAX_TUNNEL_MESSAGE);
    this.carrier = new TunnelCarrier(this.stream, this);
    this.link = new OutboundLink(this.carrier, own, host);
  }

  write(message: Uint8Array, written?: (error?: Error | null) => void): boolean {
    return writeFrame(this.stream, message, written);
  }

  end(): void {
    this.stream.end();
  }

  destroy(): void {
    if (this.carrier.destroyed) return;
    this.stream.end();
    this.abandon();
  }

  protected override onMessage({ body }: Frame): void {
    this.carrier.got(body);
  }

  protected override onGarbage(error: MeshError): void {
    this.carrier.emit('error', error);
  }

  protected override onStatus(failure: MeshError | undefined): void {
    if (failure) this.carrier.emit('error', failure);
    else this.carrier.emit('end');
  }

  protected override onGone(failure: MeshError | undefined): void {
    if (failure) this.carrier.emit('error', failure);
    else this.carrier.emit('close');
  }
}
