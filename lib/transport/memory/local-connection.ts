import { Cancellation } from '../../context/cancellation.js';
import { toMeshError } from '../../errors/from-unknown.js';
import { codeOfGrpcStatus, grpcStatusOf } from '../../errors/grpc-status.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { type Carrier, PendingCall } from '../pending-call.js';
import { refusalOf, tooLong } from '../refusals.js';
import type { Acceptor, CallHandler, Connection, InboundCall, OutboundCall } from '../transport.js';

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
  private readonly calls = new Set<PendingCall>();
  private closing: Promise<void> | undefined;
  private drained: (() => void) | undefined;

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
    try {
      const handler = this.handlerOf(call);
      return new Promise((resolve, reject) => this.run(handler, call, resolve, reject));
    } catch (error) {
      return Promise.reject(toMeshError(error));
    }
  }

  close(): Promise<void> {
    return (this.closing ??= new Promise((resolve) => {
      this.drained = resolve;
      if (this.calls.size === 0) resolve();
    }));
  }

  destroy(): void {
    void this.close();
    const lost = new MeshError(MeshCode.UNREACHABLE, 'the connection was destroyed with the call under way');
    for (const pending of this.calls) pending.giveUp(lost);
  }

  private handlerOf(call: OutboundCall): CallHandler {
    const refusal = refusalOf(call, this.maxMessageBytes);
    if (refusal) throw refusal;
    if (this.closing) {
      throw new MeshError(MeshCode.ADDRESS_UNREACHABLE, 'the connection is closed', { neverSent: true });
    }
    const handler = this.acceptor(call.path);
    if (!handler) throw new MeshError(MeshCode.NO_SERVICE, `nothing is served at '${call.path}'`);
    return handler;
  }

  private run(
    handler: CallHandler,
    call: OutboundCall,
    resolve: (answer: Uint8Array) => void,
    reject: (error: MeshError) => void,
  ): void {
    const pending = new PendingCall(call, resolve, reject, () => this.over(pending));
    this.calls.add(pending);
    const inbound = new LocalCall(call, this.peer);
    pending.carrier = inbound;
    answerOf(handler, inbound).then(
      (answer) => this.deliver(pending, answer),
      (error: unknown) => pending.fail(asCarried(error)),
    );
  }

  private deliver(pending: PendingCall, answer: Uint8Array): void {
    if (answer.length > this.maxMessageBytes) pending.fail(tooLong(answer.length, this.maxMessageBytes));
    else pending.succeed(Buffer.from(answer));
  }

  private over(pending: PendingCall): void {
    this.calls.delete(pending);
    if (this.calls.size === 0) this.drained?.();
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

/** Makes a rejection of what a handler throws. */
async function answerOf(handler: CallHandler, call: InboundCall): Promise<Uint8Array> {
  return handler(call);
}

/** What is left of a handler's error after a way through gRPC. */
function asCarried(error: unknown): MeshError {
  const { code, message, neverSent } = toMeshError(error);
  return new MeshError(codeOfGrpcStatus(grpcStatusOf(code)), message, { cause: error, neverSent });
}
