import { JsonCodec } from '../../../../lib/codec/json/json-codec.js';
import { packContent, unpackContent } from '../../../../lib/codec/packed-content.js';
import { toMeshError } from '../../../../lib/errors/from-unknown.js';
import { resolveMeshOptions } from '../../../../lib/options/resolve-options.js';
import { failureEnvelope, splitRequest, successEnvelope } from '../../../../lib/protocol/envelope.js';
import { writePackedFailure, writePackedSuccess } from '../../../../lib/protocol/packed/packed-answer.js';
import { type PackedRequest, readPackedRequest } from '../../../../lib/protocol/packed/packed-request.js';
import { PayloadWriter } from '../../../../lib/protocol/payload.js';
import type { Instance } from '../../../../lib/registry/registry.js';
import { CallSite } from '../../../../lib/rpc/consumer/call-site.js';
import { type ConsumerPipeline, MeshInvoker } from '../../../../lib/rpc/consumer/invoker.js';
import { expectsBytes, revive, type WireType } from '../../../../lib/rpc/facade/wire-type.js';
import { ConnectionPool } from '../../../../lib/transport/connection-pool.js';
import { PendingCall } from '../../../../lib/transport/pending-call.js';
import type { Connection, DuplexStream, InboundAnswer, OutboundCall } from '../../../../lib/transport/transport.js';

export const codec = new JsonCodec(resolveMeshOptions({}, {}));

/** A call as a peer understood it. */
export interface Understood {
  readonly form: 'packed' | 'standard';
  readonly outbound: OutboundCall;
  readonly args: Readonly<Record<string, unknown>>;
  readonly attachments: Readonly<Record<string, string>>;
  /** What a packed call says beside them. */
  readonly packed: PackedRequest | undefined;
}

/** What a peer answers; what it throws, it answers as an error. `never` is no answer. */
export type Serve = (call: Understood) => unknown;

/** A peer that understands both forms, or the standard's only, and tells what it was asked. */
export class FakePeer implements Connection {
  readonly calls: Understood[] = [];
  pending = 0;

  constructor(
    readonly packs: boolean,
    private readonly serve: Serve,
    private readonly takes?: WireType<unknown>,
  ) {}

  call(outbound: OutboundCall): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.pending++;
      const call = new PendingCall(outbound, { answered: resolve, failed: reject }, () => void this.pending--);
      setImmediate(() => {
        try {
          if (!call.settled) this.answer(call, this.understand(outbound));
        } catch (error) {
          call.fail(toMeshError(error));
        }
      });
    });
  }

  async exchange(call: OutboundCall): Promise<InboundAnswer> {
    return { body: await this.call(call), contentType: '', status: 200, headers: {} };
  }

  open(): DuplexStream {
    throw new Error('not under test');
  }

  async close(): Promise<void> {}

  destroy(): void {}

  private understand(outbound: OutboundCall): Understood {
    if (outbound.packed) {
      const packed = readPackedRequest(outbound.body);
      const args = this.revived(unpackContent(codec, packed.content, expectsBytes(this.takes)));
      return { form: 'packed', outbound, args, attachments: packed.attachments, packed };
    }
    const { args, attachments } = splitRequest(codec.decode(outbound.body));
    return { form: 'standard', outbound, args: this.revived(args), attachments, packed: undefined };
  }

  private revived(args: unknown): Understood['args'] {
    return (this.takes ? revive(args, this.takes, 'arguments') : args) as Understood['args'];
  }

  private answer(call: PendingCall, understood: Understood): void {
    this.calls.push(understood);
    let content: unknown;
    try {
      content = this.serve(understood);
    } catch (error) {
      const failure = failureEnvelope(toMeshError(error));
      if (understood.form === 'standard') return call.succeed(codec.encode(failure));
      const out = new PayloadWriter();
      writePackedFailure(out, failure);
      return call.succeed(out.written);
    }
    if (content === 'never') return;
    if (understood.form === 'standard') return call.succeed(codec.encode(successEnvelope(content)));
    const out = new PayloadWriter();
    writePackedSuccess(out, packContent(codec, content ?? null));
    call.succeed(out.written);
  }
}

/** An instance at an address. */
export const at = (address: string): Instance => ({ address, nodeId: '', instId: '', subset: '' });

/** An invoker that calls these peers in turn, without a pause between attempts. */
export function invokerOf(
  peers: readonly Connection[],
  over: Partial<ConsumerPipeline> = {},
  options: Parameters<typeof resolveMeshOptions>[0] = {},
): MeshInvoker {
  const instances = peers.map((_, index) => at(`peer:${index + 1}`));
  const pool = new ConnectionPool((_, address) => peers[Number(address.split(':')[1]) - 1]!, { idleTimeoutMs: 60_000 });
  let turn = 0;
  const pipeline: ConsumerPipeline = {
    registry: { resolve: () => instances },
    routers: [],
    balancer: { pick: () => ({ instance: instances[turn++ % instances.length]! }) },
    retryPolicy: { delayMs: ({ attempt, error }) => (error.neverSent && attempt < 4 ? 0 : undefined) },
    codec,
    filters: [],
    pool,
    self: () => undefined,
    ...over,
  };
  return new MeshInvoker(
    pipeline,
    resolveMeshOptions({ nodeId: 'LX0000010000010', instId: 'JG0100000100000000', ...options }, {}),
  );
}

/** The declaration of a service for an invoker. */
export const siteOf = (settings: ConstructorParameters<typeof CallSite>[2] = {}): CallSite =>
  new CallSite('mesh.a.b', 'trustbe.cn', settings);
