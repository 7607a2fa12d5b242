import type { ServedArea } from '../../options/listen-options.js';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import { DEFAULT_DOMAIN, LOCAL_INST_ID, LOCAL_NODE_ID, parseUrn, type Urn } from '../../protocol/urn.js';
import { areaOfService } from './service-area.js';

/** URNs whose parsing is remembered. They come from peers, so their number is bounded; beyond, they are parsed each time. */
const MAX_URNS = 4_096;

/** What a URN says to a node that is to hand a call on. */
export interface CalledUrn {
  readonly urn: string;
  /** Name of the service, such as `mesh.trust.apply`. */
  readonly name: string;
  /** What the service belongs to, if it is no application's own. */
  readonly area: ServedArea | undefined;
  /**
   * The node that is named, or the institution, which SDKs write in the same place; in lower case, and empty where it is this
   * node or the default one.
   */
  readonly elsewhere: string;
  /** `host:port` of the very instance asked for; empty for any. */
  readonly address: string;
  /** Number of the codec in its flag. */
  readonly codec: string;
  /** Whether its domain is one of this node's. */
  readonly domain: 'own' | 'foreign';
}

/** Whose ids stand for this very node, and which domain of URNs is its own. */
export type OwnIds = Pick<ResolvedMeshOptions, 'nodeId' | 'instId' | 'domain'>;

/** Reads URNs, once each. */
export class CalledUrns {
  private readonly own: ReadonlySet<string>;
  private readonly domains: ReadonlySet<string>;
  private readonly known = new Map<string, CalledUrn>();

  constructor({ nodeId, instId, domain }: OwnIds) {
    this.own = new Set([nodeId, instId, LOCAL_NODE_ID, LOCAL_INST_ID].map((id) => id.toLowerCase()));
    this.domains = new Set([domain.toLowerCase(), DEFAULT_DOMAIN]);
  }

  /** Whether an id, of a node or an institution, stands for this node. */
  readonly isOwn = (id: string): boolean => this.own.has(id.toLowerCase());

  /** @throws MeshError E0000000400 when it is malformed */
  read(urn: string): CalledUrn {
    const known = this.known.get(urn);
    if (known) return known;
    const called = this.calledBy(urn, parseUrn(urn));
    if (this.known.size < MAX_URNS) this.known.set(urn, called);
    return called;
  }

  private calledBy(urn: string, { name, nodeId, domain, flag: { address, port, codec } }: Urn): CalledUrn {
    return {
      urn,
      name,
      area: areaOfService(name),
      elsewhere: this.isOwn(nodeId) ? '' : nodeId,
      address: address === '0.0.0.0' || port === 0 ? '' : `${address}:${port}`,
      codec,
      domain: this.domains.has(domain) ? 'own' : 'foreign',
    };
  }
}
