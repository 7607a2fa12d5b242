import { Cancellation } from '../../context/cancellation.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { bareAnswer, bodyOf, settleDelivered, settleLost } from '../answers.js';
import { callHandlerOf } from '../endpoint.js';
import { splitQuery } from '../paths.js';
import { type Carrier, type Passenger, PendingCall } from '../pending-call.js';
import { refusalOf, tooLong } from '../refusals.js';
import { RefusedStream } from '../refused-stream.js';
import type {
  Acceptor,
  CallAnswer,
  Connection,
  DuplexStream,
  InboundAnswer,
  InboundCall,
  OutboundCall,
  OutboundHead,
} from '../transport.js';
import { UnderWay } from '../under-way.js';
import { asCarried, copyOf } from './as-carried.js';
import { LocalStream } from './local-stream.js';

/** What a {@link LocalConnection} may be told. */
export interface LocalConnectionOptions {
  /** Largest message carried, in bytes. Default: no limit. */
  readonly maxMessageBytes?: number;
  /** What handlers see as the caller's address. Default `local`. */
  readonly peer?: string;
}

/**
 * A connection to handlers of this very process: for services that an application itself provides, and for tests. It behaves
 * as one over a network would: bytes are copied, so that caller and handler share none; a cancelled call ends for the
 * caller at once, and the handler is told; an error keeps of its code what gRPC would carry.
 */
export class LocalConnection implements Connection {
  private readonly calls = new Map<PendingCall, LocalCall>();
  private readonly streams = new Set<LocalStream>();
  private readonly underWay = new UnderWay();
  private closing: Promise<void> | undefined;

  private readonly maxMessageBytes: number;
  private readonly peer: string;

  constructor(
    private readonly acceptor: Acceptor,
    options: LocalConnectionOptions = {},
  ) {
    this.maxMessageBytes = options.maxMessageBytes ?? Infinity;
    this.peer = options.peer ?? 'local';
  }

  get pending(): number {
    return this.calls.size + this.streams.size;
  }

  call(call: OutboundCall): Promise<Uint8Array> {
    const refusal = refusalOf(call, this.maxMessageBytes) ?? this.closedFor(call);
    if (refusal) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const pending = new PendingCall(call, { answered: resolve, failed: reject }, () => this.over(pending));
      const inbound = new LocalCall(call, this.peer);
      this.calls.set(pending, inbound);
      this.underWay.enter();
      pending.carrier = inbound;
      // As over a network, other work has its turn meanwhile, however fast call follows call.
      setImmediate(() => void this.carry(pending, inbound));
    });
  }

  async exchange(call: OutboundCall): Promise<InboundAnswer> {
    return bareAnswer(await this.call(call));
  }

  open(head: OutboundHead): DuplexStream {
    const refusal = head.cancellation.reason ?? this.closedFor(head);
    if (refusal) return new RefusedStream(refusal);
    const stream = new LocalStream(head, { maxMessageBytes: this.maxMessageBytes, peer: this.peer }, () => {
      this.streams.delete(stream);
      this.underWay.leave();
    });
    this.streams.add(stream);
    this.underWay.enter();
    setImmediate(() => stream.serve(this.acceptor));
    return stream;
  }

  close(): Promise<void> {
    return (this.closing ??= this.underWay.none());
  }

  destroy(): void {
    void this.close();
    const lost = new MeshError(MeshCode.UNREACHABLE, 'the connection was destroyed with the call under way');
    const gone = new MeshError(MeshCode.CANCELLED, 'the caller has gone away');
    for (const [pending, inbound] of this.calls) {
      inbound.cancellation.cancel(gone);
      pending.fail(lost);
    }
    for (const stream of this.streams) stream.lose(lost, gone);
  }

  private closedFor(call: OutboundHead): MeshError | undefined {
    if (!this.closing) return undefined;
    const message = `'${call.path}' cannot be called: the connection is closed`;
    return new MeshError(MeshCode.ADDRESS_UNREACHABLE, message, { neverSent: true });
  }

  private async carry(pending: PendingCall, inbound: LocalCall): Promise<void> {
    if (pending.settled) return;
    try {
      const { path } = inbound;
      this.deliver(pending, await callHandlerOf(this.acceptor(path), path)(inbound));
    } catch (error) {
      pending.fail(asCarried(error));
    }
  }

  private deliver(pending: PendingCall, answer: Uint8Array | CallAnswer): void {
    const body = bodyOf(answer);
    const { maxMessageBytes } = this;
    if (pending.settled || body.length > maxMessageBytes) {
      pending.fail(tooLong(body.length, maxMessageBytes));
      return settleLost(answer);
    }
    pending.succeed(Buffer.from(body));
    settleDelivered(answer);
  }

  private over(pending: PendingCall): void {
    this.calls.delete(pending);
    this.underWay.leave();
  }
}

/** A call as the handler sees it. */
class LocalCall implements InboundCall, Carrier {
  readonly path: string;
  readonly query: string;
  readonly headers: InboundCall['headers'];
  readonly wire = 'grpc';
  readonly method = 'POST';
  readonly contentType = 'application/grpc';
  readonly body: Uint8Array;
  readonly deadline: number;
  readonly cancellation = new Cancellation();

  constructor(
    call: OutboundCall,
    readonly peer: string,
  ) {
    const { path, query } = splitQuery(call.path);
    this.path = path;
    this.query = query;
    this.headers = copyOf(call.headers);
    this.body = Buffer.from(call.body);
    this.deadline = call.deadline;
  }

  abandon(_call: Passenger, reason: MeshError): void {
    this.cancellation.cancel(reason);
  }
}
