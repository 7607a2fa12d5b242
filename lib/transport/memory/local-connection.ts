import { Cancellation } from '../../context/cancellation.js';
import { toMeshError } from '../../errors/from-unknown.js';
import { codeOfGrpcStatus, grpcStatusOf } from '../../errors/grpc-status.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { type Carrier, PendingCall } from '../pending-call.js';
import { refusalOf, tooLong } from '../refusals.js';
import type { Acceptor, Connection, InboundCall, OutboundCall } from '../transport.js';
import { UnderWay } from '../under-way.js';

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
    return this.calls.size;
  }

  call(call: OutboundCall): Promise<Uint8Array> {
    const refusal = refusalOf(call, this.maxMessageBytes) ?? this.closedFor(call);
    if (refusal) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const pending = new PendingCall(call, resolve, reject, () => this.over(pending));
      const inbound = new LocalCall(call, this.peer);
      this.calls.set(pending, inbound);
      this.underWay.enter();
      pending.carrier = inbound;
      // As over a network, other work has its turn meanwhile, however fast call follows call.
      setImmediate(() => void this.carry(pending, inbound));
    });
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
  }

  private closedFor(call: OutboundCall): MeshError | undefined {
    if (!this.closing) return undefined;
    const message = `the call to '${call.path}' cannot be made: the connection is closed`;
    return new MeshError(MeshCode.ADDRESS_UNREACHABLE, message, { neverSent: true });
  }

  private async carry(pending: PendingCall, inbound: LocalCall): Promise<void> {
    if (pending.settled) return;
    try {
      const handler = this.acceptor(inbound.path);
      if (!handler) throw new MeshError(MeshCode.NO_SERVICE, `nothing is served at '${inbound.path}'`);
      this.deliver(pending, await handler(inbound));
    } catch (error) {
      pending.fail(asCarried(error));
    }
  }

  private deliver(pending: PendingCall, answer: Uint8Array): void {
    if (answer.length > this.maxMessageBytes) pending.fail(tooLong(answer.length, this.maxMessageBytes));
    else pending.succeed(Buffer.from(answer));
  }

  private over(pending: PendingCall): void {
    this.calls.delete(pending);
    this.underWay.leave();
  }
}

/** A call as the handler sees it. */
class LocalCall implements InboundCall, Carrier {
  readonly path: string;
  readonly headers: InboundCall['headers'];
  readonly body: Uint8Array;
  readonly deadline: number;
  readonly cancellation = new Cancellation();

  constructor(
    call: OutboundCall,
    readonly peer: string,
  ) {
    this.path = call.path;
    this.headers = Object.assign(Object.create(null) as Record<string, string>, call.headers);
    this.body = Buffer.from(call.body);
    this.deadline = call.deadline;
  }

  abandon(_call: PendingCall, reason: MeshError): void {
    this.cancellation.cancel(reason);
  }
}

/** What is left of a handler's error after a way through gRPC. */
function asCarried(error: unknown): MeshError {
  const { code, message, neverSent } = toMeshError(error);
  if (neverSent) return new MeshError(code, message, { neverSent });
  return new MeshError(codeOfGrpcStatus(grpcStatusOf(code)), message, { cause: error });
}
