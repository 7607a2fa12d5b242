import type { CallCodecs } from '../../codec/call-codecs.js';
import type { Codec } from '../../codec/codec.js';
import { Cancellation } from '../../context/cancellation.js';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import type { ResolvedPartner } from '../../options/partner-options.js';
import { DEFAULT_FLAG } from '../../protocol/flag.js';
import { Header } from '../../protocol/headers.js';
import { formatUrn } from '../../protocol/urn.js';
import type { ConnectionPool } from '../../transport/connection-pool.js';
import { type InboundAnswer, MESH_INVOKE_PATH, MESH_RPC_PATH, type WireHeaders } from '../../transport/transport.js';
import { deliver } from '../delivery.js';
import { AddressList } from '../partners/address-list.js';
import { markOf, NODE_MARK, type WeavingStep } from './operator-gate.js';

/** Path of each call of weaving over HTTP (standard, `net/weave` and `net/ack`). */
export const WEAVING_PATH: Readonly<Record<WeavingStep, string>> = {
  weave: '/v1/interconn/net/weave',
  ack: '/v1/interconn/net/ack',
};

/** By what a partner's node is spoken to. */
export interface HeraldParts {
  readonly own: Pick<ResolvedMeshOptions, 'nodeId' | 'instId' | 'domain'>;
  /** What is said at the paths of administration. */
  readonly json: Codec;
  /** What is said by RPC. */
  readonly codecs: CallCodecs;
  readonly pool: ConnectionPool;
}

/** What is sent to a node, by the transport of its route. */
interface Errand {
  readonly path: string;
  readonly headers: WireHeaders;
  readonly body: Uint8Array;
  /** Reads the answer. */
  readonly codec: Codec;
}

/** How long a partner's node has to answer, over all its addresses, in ms. */
const ANSWER_MS = 10_000;
const PROBE_MS = 5_000;

/**
 * Speaks to the nodes of partners for the administration of this one: at the addresses of the route, by its transport, over the
 * connections that everything else goes over. Nothing of the call that led to it goes along: an operator's token stays here.
 */
export class NodeHerald {
  constructor(private readonly parts: HeraldParts) {}

  /**
   * Tells a partner's node of weaving: over gRPC by the RPC `mesh.net.…`, over HTTP at the standard's path.
   * @returns the answer, as its envelope
   * @throws MeshError why there is no answer
   */
  async tell(route: ResolvedPartner, step: WeavingStep, own: Readonly<Record<string, unknown>>): Promise<unknown> {
    const mark = { [markOf(step)]: NODE_MARK };
    const errand =
      route.transport === 'http'
        ? this.overHttp(WEAVING_PATH[step], own, mark)
        : this.rpc(route, markOf(step), { route: own }, mark);
    return errand.codec.decode((await this.send(route, errand, ANSWER_MS)).body);
  }

  /** Waits until a partner's node says anything, be it that it does not know what it is asked. @throws MeshError when it says nothing */
  async reach(route: ResolvedPartner): Promise<void> {
    await this.send(route, this.rpc(route, 'mesh.net.environ', {}, {}), PROBE_MS);
  }

  private send(route: ResolvedPartner, { path, headers, body }: Errand, patienceMs: number): Promise<InboundAnswer> {
    const { transport, addresses } = route;
    const wait = { deadline: Date.now() + patienceMs, cancellation: new Cancellation() };
    return deliver(
      { route, addresses: new AddressList(addresses) },
      (address, bounds) => this.parts.pool.get({ address, transport }).exchange({ path, headers, body, ...bounds }),
      'safe',
      wait,
    );
  }

  private rpc(
    { nodeId, transport }: ResolvedPartner,
    service: string,
    args: Readonly<Record<string, unknown>>,
    mark: WireHeaders,
  ): Errand {
    const urn = formatUrn({ name: service, nodeId, domain: this.parts.own.domain });
    // The flag names no codec: it is JSON, which every implementation reads, unless that of RPC has no number to be named by.
    const codec = this.parts.codecs.ofNumber(DEFAULT_FLAG.codec);
    return {
      path: transport === 'http' ? MESH_INVOKE_PATH : MESH_RPC_PATH,
      headers: { ...this.headers(), [Header.TARGET_NODE_ID]: nodeId, [Header.URN]: urn, ...mark },
      body: codec.encode({ ...args, attachments: { [Header.URN]: urn, ...mark } }),
      codec,
    };
  }

  private overHttp(path: string, own: Readonly<Record<string, unknown>>, mark: WireHeaders): Errand {
    const headers = { ...this.headers(), 'content-type': 'application/json', ...mark };
    const { json } = this.parts;
    return { path, headers, body: json.encode(own), codec: json };
  }

  private headers(): WireHeaders {
    const { nodeId, instId } = this.parts.own;
    return { [Header.SOURCE_NODE_ID]: nodeId, [Header.SOURCE_INST_ID]: instId };
  }
}
