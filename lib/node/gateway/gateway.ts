import type { CallCodecs } from '../../codec/call-codecs.js';
import { toMeshError } from '../../errors/from-unknown.js';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import { splitRequest } from '../../protocol/envelope.js';
import { Header } from '../../protocol/headers.js';
import { isPacked, PACKED_TYPE } from '../../protocol/packed/form.js';
import {
  type Acceptor,
  type CallHandler,
  type InboundCall,
  MESH_INVOKE_PATH,
  MESH_RPC_PATH,
  refusing,
} from '../../transport/transport.js';
import { type Attempt, deliver } from '../delivery.js';
import type { Partner } from '../partners/partner.js';
import type { StandardCalls } from '../standard-calls.js';
import type { CalledUrn, CalledUrns } from './called-urns.js';
import type { Destination, Destinations } from './destination.js';
import { ForwardTally } from './forward-tally.js';
import { type ForwardedCall, forwardedCall, type Forwarding } from './forwarded-call.js';
import { PackedForwarding } from './forwarded-packed.js';
import type { InstanceCaller } from './instance-caller.js';
import type { Found, KnownDestinations } from './known-destinations.js';
import { type Answer, type ForwardingWire, ownAnswer } from './wire.js';

/** Longest body that is looked into for a URN that no header says, in bytes. */
const MAX_SEARCHED_BYTES = 1_048_576;

/** What a {@link Gateway} works with. */
export interface GatewayParts {
  readonly options: Pick<ResolvedMeshOptions, 'nodeId' | 'timeoutMs'>;
  /** Serves what this process provides, and answers what nobody does. */
  readonly local: Acceptor;
  readonly urns: CalledUrns;
  readonly destinations: Destinations;
  /** Remembers destinations. */
  readonly known: KnownDestinations;
  readonly instances: InstanceCaller;
  readonly wire: ForwardingWire;
  /** Those of RPC. */
  readonly codecs: CallCodecs;
  /** Unpacks calls for peers who do not understand packed ones. */
  readonly standard: StandardCalls;
}

type Elsewhere = Exclude<Destination, { readonly to: 'here' }>;

/**
 * Hands RPC calls on, by their URN, to what provides the service: this process, an instance that is registered here, or a
 * partner's node. The bytes of calls and answers go through as they are.
 */
export class Gateway {
  /** How the calls went that were handed on. */
  readonly tally = new ForwardTally();
  private readonly handlers = new Map<string, CallHandler>();
  private readonly packed: PackedForwarding;

  constructor(private readonly parts: GatewayParts) {
    this.packed = new PackedForwarding(parts.standard);
    for (const path of [MESH_RPC_PATH, MESH_INVOKE_PATH]) {
      const local = parts.local(path);
      if (typeof local !== 'function') continue;
      this.handlers.set(
        path,
        refusing((call) => this.handle(call, local), local.refuse),
      );
    }
  }

  /** Finds the handler of a path of RPC. */
  readonly accept: Acceptor = (path) => this.handlers.get(path);

  private handle(call: InboundCall, local: CallHandler): Promise<Answer> {
    if (call.method !== 'POST') return local(call);
    try {
      const found = this.parts.known.get(call) ?? this.find(call);
      if (!found || found.destination.to === 'here') return local(call);
      return this.forward(call, found.called, found.destination);
    } catch (error) {
      return Promise.resolve(this.failure(call, error));
    }
  }

  /** Where a call goes; `undefined` as {@link calledBy}. @throws MeshError as {@link Destinations.find} */
  private find(call: InboundCall): Found | undefined {
    const called = this.calledBy(call);
    if (!called) return undefined;
    const found = { called, destination: this.parts.destinations.find(call, called) };
    return isPacked(call.headers) ? this.parts.known.keep(call, found) : found;
  }

  /** What is called; `undefined` where nothing says so, or what says so is malformed: the local handler refuses it. */
  private calledBy(call: InboundCall): CalledUrn | undefined {
    try {
      const urn = call.headers[Header.URN] || this.urnInBody(call);
      return urn ? this.parts.urns.read(urn) : undefined;
    } catch {
      return undefined;
    }
  }

  private urnInBody(call: InboundCall): string | undefined {
    if (call.body.byteLength > MAX_SEARCHED_BYTES) return undefined;
    return splitRequest(this.parts.codecs.ofCall(call, undefined).decode(call.body)).attachments[Header.URN];
  }

  /** Never rejects. */
  private forward(call: InboundCall, called: CalledUrn, destination: Elsewhere): Promise<Answer> {
    const calls = this.tally.begin(destination);
    const fail = (error: unknown): Answer => {
      calls.underWay--;
      calls.failed++;
      return this.failure(call, error);
    };
    try {
      return this.sent(call, called, destination).then((answer) => {
        calls.underWay--;
        calls.served++;
        return answer;
      }, fail);
    } catch (error) {
      return Promise.resolve(fail(error));
    }
  }

  private sent(call: InboundCall, called: CalledUrn, destination: Elsewhere): Promise<Answer> {
    if (destination.to === 'partner') return this.toPartner(call, called, destination.partner);
    return this.toInstance(call, called, destination);
  }

  private toInstance(
    call: InboundCall,
    { urn, codec }: CalledUrn,
    { instances, query }: Extract<Elsewhere, { readonly to: 'instances' }>,
  ): Promise<Answer> {
    const { options, wire, instances: caller } = this.parts;
    const { nodeId, timeoutMs } = options;
    const forwarded = this.forwarded(call, { nodeId, urn, codec, timeoutMs });
    const timeMs = Math.min(timeoutMs, forwarded.deadline - Date.now());
    return caller.call(instances, query, timeMs, (instance, connectBy) =>
      wire.send(call, forwarded, instance, { deadline: forwarded.deadline, connectBy }),
    );
  }

  private toPartner(call: InboundCall, { urn, codec }: CalledUrn, partner: Partner): Promise<Answer> {
    const { options, wire } = this.parts;
    const { nodeId, timeoutMs } = options;
    const { nodeId: targetNodeId, transport } = partner.route;
    const forwarded = this.forwarded(call, { nodeId, urn, codec, targetNodeId, timeoutMs });
    const attempt: Attempt<Answer> = (address, wait) => wire.send(call, forwarded, { address, transport }, wait);
    return deliver(partner, attempt, 'unsafe', forwarded);
  }

  private forwarded(call: InboundCall, forwarding: Forwarding): ForwardedCall {
    return isPacked(call.headers) ? this.packed.of(call, forwarding) : forwardedCall(call, forwarding);
  }

  private failure(call: InboundCall, error: unknown): Answer {
    const { codecs, standard } = this.parts;
    if (isPacked(call.headers)) {
      return ownAnswer(call, { body: standard.failure(error), contentType: PACKED_TYPE });
    }
    return ownAnswer(call, codecs.failure(toMeshError(error), codecs.ofHead(call)));
  }
}
