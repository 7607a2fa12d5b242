import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { settleLost } from '../answers.js';
import type {
  Acceptor,
  CallAnswer,
  CallHandler,
  InboundCall,
  InboundHead,
  InboundStream,
  Listener,
  StreamHandler,
} from '../transport.js';
import { UnderWay } from '../under-way.js';

/** A call or stream at work, and how to end it from this side. */
interface Work {
  readonly call: InboundHead;
  readonly abort: (error: MeshError) => void;
  readonly drain: () => void;
}

/** Something that listens on a {@link MemoryNetwork}. */
export class MemoryListener implements Listener {
  readonly server = undefined;
  private readonly works = new Set<Work>();
  private readonly underWay = new UnderWay();
  private closing: Promise<void> | undefined;

  /** @param leave takes it off the network */
  constructor(
    readonly address: string,
    private readonly acceptor: Acceptor,
    private readonly leave: (listener: MemoryListener) => void,
  ) {}

  get pending(): number {
    return this.works.size;
  }

  /** The handlers served here; their calls count as pending. */
  readonly accept: Acceptor = (path) => {
    const endpoint = this.acceptor(path);
    if (!endpoint) return undefined;
    if (typeof endpoint === 'function') return this.working(endpoint);
    if ('pass' in endpoint) return undefined;
    const stream: StreamHandler = (opened) => this.converse(endpoint.stream, opened);
    return endpoint.call ? { stream, call: this.working(endpoint.call) } : { stream };
  };

  close(): Promise<void> {
    this.leave(this);
    for (const work of this.works) work.drain();
    return (this.closing ??= this.underWay.none());
  }

  destroy(): void {
    void this.close();
    const lost = new MeshError(
      MeshCode.UNREACHABLE,
      `the listener at ${this.address} was destroyed with the call under way`,
    );
    const gone = new MeshError(MeshCode.CANCELLED, `the listener at ${this.address} was destroyed`);
    for (const work of this.works) {
      work.abort(lost);
      work.call.cancellation.cancel(gone);
    }
  }

  private working(handler: CallHandler): CallHandler {
    return (call) => this.work(handler, call);
  }

  private async work(handler: CallHandler, call: InboundCall): Promise<Uint8Array | CallAnswer> {
    let abort: Work['abort'] = () => undefined;
    const over = new Promise<never>((_resolve, reject) => {
      abort = reject;
      // A caller who gave up is not waited for.
      call.cancellation.onCancel(reject);
    });
    const work: Work = { call, abort, drain: () => undefined };
    this.begin(work);
    const answer = startOf(handler, call);
    try {
      return await Promise.race([answer, over]);
    } catch (error) {
      answer.then(settleLost, () => undefined);
      throw error;
    } finally {
      this.end(work);
    }
  }

  private async converse(handler: StreamHandler, stream: InboundStream): Promise<void> {
    const closing = new MeshError(MeshCode.CANCELLED, `the listener at ${this.address} is about to close`);
    const work: Work = {
      call: stream,
      abort: (lost) => stream.end(lost),
      drain: () => stream.draining.cancel(closing),
    };
    this.begin(work);
    stream.cancellation.onCancel(() => this.end(work));
    try {
      await handler(stream);
    } finally {
      this.end(work);
    }
  }

  private begin(work: Work): void {
    this.works.add(work);
    this.underWay.enter();
  }

  private end(work: Work): void {
    if (this.works.delete(work)) this.underWay.leave();
  }
}

/** A handler may throw before it returns a Promise. */
async function startOf(handler: CallHandler, call: InboundCall): Promise<Uint8Array | CallAnswer> {
  return handler(call);
}
