import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import type {
  Acceptor,
  Connection,
  DuplexStream,
  GreetedPeer,
  InboundAnswer,
  ListenAt,
  Listener,
  OutboundCall,
  OutboundHead,
  Transport,
} from '../transport/transport.js';
import { UnderWay } from '../transport/under-way.js';
import type { Fault, FaultPlan } from './fault-plan.js';

/**
 * A transport with faults: passes calls on to another one, except for those that the plan has something else for. What it
 * listens for is not disturbed, nor are streams.
 *
 * @example
 * // A mesh whose memory transport loses every other call:
 * \@MeshExtension(TRANSPORT, 'memory')
 * class ShakyTransport extends FaultyTransport {
 *   constructor(network: MemoryNetwork, \@Inject(MESH_OPTIONS) options: ResolvedMeshOptions) {
 *     super(new MemoryTransport(network, options), faultsInTurn('lose', 'pass'));
 *   }
 * }
 */
export class FaultyTransport implements Transport {
  private calls = 0;

  constructor(
    private readonly inner: Transport,
    private readonly plan: FaultPlan,
  ) {}

  get proto(): string {
    return this.inner.proto;
  }

  dial(address: string): Connection {
    const faultOf = ({ path, headers }: OutboundCall): Fault =>
      this.plan({ index: this.calls++, address, path, headers });
    return new FaultyConnection(this.inner.dial(address), address, faultOf);
  }

  listen(at: ListenAt, acceptor: Acceptor): Promise<Listener> {
    return this.inner.listen(at, acceptor);
  }
}

class FaultyConnection implements Connection {
  private readonly underWay = new UnderWay();
  private readonly delays = new Set<() => void>();
  private closing: Promise<void> | undefined;

  constructor(
    private readonly inner: Connection,
    private readonly address: string,
    private readonly faultOf: (call: OutboundCall) => Fault,
  ) {}

  get packs(): boolean {
    return this.inner.packs === true;
  }

  get greeted(): GreetedPeer | undefined {
    return this.inner.greeted;
  }

  get pending(): number {
    return Math.max(this.underWay.count, this.inner.pending);
  }

  call(call: OutboundCall): Promise<Uint8Array> {
    return this.pass(call, () => this.inner.call(call));
  }

  exchange(call: OutboundCall): Promise<InboundAnswer> {
    return this.pass(call, () => this.inner.exchange(call));
  }

  open(head: OutboundHead): DuplexStream {
    return this.inner.open(head);
  }

  close(): Promise<void> {
    return (this.closing ??= this.underWay.none().then(() => this.inner.close()));
  }

  destroy(): void {
    this.closing ??= Promise.resolve();
    this.inner.destroy();
    for (const end of this.delays) end();
  }

  private async pass<T>(call: OutboundCall, send: () => Promise<T>): Promise<T> {
    if (this.closing) return send();
    this.underWay.enter();
    try {
      return await this.carry(call, this.faultOf(call), send);
    } finally {
      this.underWay.leave();
    }
  }

  private async carry<T>(call: OutboundCall, fault: Fault, send: () => Promise<T>): Promise<T> {
    if (fault === 'refuse') {
      const message = `no connection to ${this.address}: refused by the fault plan`;
      throw new MeshError(MeshCode.ADDRESS_UNREACHABLE, message, { neverSent: true });
    }
    if (typeof fault === 'object') await this.delay(call, fault.delayMs);
    const answer = await send();
    if (fault !== 'lose') return answer;
    throw new MeshError(MeshCode.UNREACHABLE, `the connection to ${this.address} was lost by the fault plan`);
  }

  /** Waits, but not longer than the caller does. The transport below then says why the call cannot be sent. */
  private delay(call: OutboundCall, delayMs: number): Promise<void> {
    if (call.cancellation.reason) return Promise.resolve();
    const until = Math.min(Date.now() + delayMs, call.deadline);
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const end = (): void => {
        clearTimeout(timer);
        forget();
        this.delays.delete(end);
        resolve();
      };
      // A timer may come a millisecond before its time: the transport below would still send the call.
      const wait = (): void => {
        const left = until - Date.now();
        if (left <= 0) end();
        else timer = setTimeout(wait, left);
      };
      this.delays.add(end);
      const forget = call.cancellation.onCancel(end);
      wait();
    });
  }
}
