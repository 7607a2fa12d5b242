import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { PendingCall } from '../pending-call.js';
import { refusalOf } from '../refusals.js';
import { RefusedStream } from '../refused-stream.js';
import type { Connection, DuplexStream, InboundAnswer, OutboundCall, OutboundHead } from '../transport.js';
import { UnderWay } from '../under-way.js';
import { bodyOfSuccess } from './http-failures.js';

/** What sends requests, in one version of HTTP. */
export interface HttpWire {
  /** Sends a call. What goes wrong is told to the call. */
  send(pending: PendingCall<InboundAnswer>): void;
  /** Closes, when no call is under way. */
  close(): Promise<void>;
  /** Closes at once; calls under way fail with E0000000607. */
  destroy(): void;
}

/** Connections over HTTP to one address. */
export class HttpConnection implements Connection {
  private readonly underWay = new UnderWay();
  private readonly settled = (): void => this.underWay.leave();
  private closing: Promise<void> | undefined;

  constructor(
    private readonly address: string,
    private readonly wire: HttpWire,
    private readonly maxMessageBytes: number,
  ) {}

  get pending(): number {
    return this.underWay.count;
  }

  async call(call: OutboundCall): Promise<Uint8Array> {
    return bodyOfSuccess(await this.exchange(call), this.address);
  }

  exchange(call: OutboundCall): Promise<InboundAnswer> {
    const refusal = refusalOf(call, this.maxMessageBytes) ?? this.closed();
    if (refusal) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      this.underWay.enter();
      this.wire.send(new PendingCall(call, { answered: resolve, failed: reject }, this.settled));
    });
  }

  /** HTTP carries single calls only: the stream fails at once, with E0000000600. */
  open(head: OutboundHead): DuplexStream {
    const message = `'${head.path}' cannot be opened as a stream over HTTP: use the transport 'grpc'`;
    return new RefusedStream(new MeshError(MeshCode.INCOMPATIBLE, message, { neverSent: true }));
  }

  close(): Promise<void> {
    return (this.closing ??= this.underWay.none().then(() => this.wire.close()));
  }

  destroy(): void {
    this.closing ??= Promise.resolve();
    this.wire.destroy();
  }

  private closed(): MeshError | undefined {
    if (!this.closing) return undefined;
    const message = `the connection to ${this.address} is closed`;
    return new MeshError(MeshCode.ADDRESS_UNREACHABLE, message, { neverSent: true });
  }
}
