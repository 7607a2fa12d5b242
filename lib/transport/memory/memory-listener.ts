import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { Acceptor, CallHandler, InboundCall, Listener } from '../transport.js';
import { UnderWay } from '../under-way.js';

/** A call at work, and how to end it from this side. */
interface Work {
  readonly call: InboundCall;
  readonly abort: (error: MeshError) => void;
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
    const handler = this.acceptor(path);
    return handler && ((call) => this.work(handler, call));
  };

  close(): Promise<void> {
    this.leave(this);
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

  private async work(handler: CallHandler, call: InboundCall): Promise<Uint8Array> {
    let abort: Work['abort'] = () => undefined;
    const over = new Promise<never>((_resolve, reject) => {
      abort = reject;
      // A caller who gave up is not waited for.
      call.cancellation.onCancel(reject);
    });
    const work = { call, abort };
    this.works.add(work);
    this.underWay.enter();
    try {
      return await Promise.race([handler(call), over]);
    } finally {
      this.works.delete(work);
      this.underWay.leave();
    }
  }
}
