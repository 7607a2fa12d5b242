import { Inject } from '@nestjs/common';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { MeshExtension } from '../../kernel/extension.decorator.js';
import {
  MESH_OPTIONS,
  type DirectRule,
  type ResolvedMeshOptions,
  type ResolvedStaticService,
} from '../../options/mesh-options.js';
import { completeAddress } from '../../options/parse-address.js';
import {
  EVERY_SUBSET,
  REGISTRY,
  type CallTarget,
  type Instance,
  type Registry,
  type ServiceQuery,
} from '../registry.js';
import { InstanceCache } from './instance-cache.js';
import { admits, calleeOf, isRestricted, partyKey, type PartyKey } from '../party.js';
import { closeness } from './service-pattern.js';

/** Most addresses of single calls held; beyond it the cache starts anew. */
const MAX_ADDRESSES = 1_024;

const NOBODY: readonly Instance[] = Object.freeze([]);

/**
 * Knows what options and environment say, and nothing else. In this order:
 *
 * 1. the address that the call names;
 * 2. the first fitting rule of `MESH_DIRECT`;
 * 3. `services`: an exact name before a prefix, a longer prefix before a shorter one, and among equals those restricted to
 *    the called node or institution before those open to any;
 * 4. this very process, when it provides the service;
 * 5. `addresses`: nodes, which forward the call.
 *
 * A target that is this node counts as none. Answers are kept, so that the same question gets the same frozen array.
 */
@MeshExtension(REGISTRY, 'static')
export class StaticRegistry implements Registry {
  private readonly own: PartyKey;
  private readonly services: readonly Service[];
  private readonly nodes: readonly Instance[];
  private readonly found = new InstanceCache();
  private readonly addressed = new Map<string, readonly Instance[]>();
  private readonly alone = new WeakMap<Instance, readonly Instance[]>();

  constructor(@Inject(MESH_OPTIONS) private readonly options: ResolvedMeshOptions) {
    this.own = partyKey(options);
    this.services = options.services.map(toService);
    this.nodes = freeze(options.addresses.map((address) => instanceAt(address)));
  }

  /**
   * @throws MeshError E0000000618 when the target is in no way part of this configuration and no node could know it;
   * E0000000619 when the target's address is none
   */
  resolve({ service, target, self }: ServiceQuery): readonly Instance[] {
    if (target.address) return this.addressed.get(target.address) ?? this.findAddress(target.address);
    const configured = this.found.get(service, target) ?? this.find(service, target);
    if (configured.length > 0) return configured;
    if (self) return this.alone.get(self) ?? this.keepAlone(self);
    if (this.nodes.length === 0) this.refuseStranger(target);
    return this.nodes;
  }

  /** Whether a rule of `MESH_DIRECT` says where a call goes. */
  isDirected({ service, target }: ServiceQuery): boolean {
    const { direct } = this.options;
    if (direct.length === 0) return false;
    const callee = calleeOf(target, this.own);
    return direct.some((rule) => fits(rule, service, callee));
  }

  private find(service: string, target: CallTarget): readonly Instance[] {
    const callee = calleeOf(target, this.own);
    const rule = this.options.direct.find((rule) => fits(rule, service, callee));
    const found = rule ? freeze([instanceAt(rule.address)]) : this.closest(service, callee);
    this.found.set(service, target, found);
    return found;
  }

  private closest(service: string, callee: PartyKey): readonly Instance[] {
    let best: readonly Service[] = [];
    let bestRank: Rank = [-1, -1];
    for (const candidate of this.services) {
      if (!admits(candidate.owner, callee)) continue;
      const rank: Rank = [closeness(candidate.pattern, service), isRestricted(candidate.owner) ? 1 : 0];
      const order = compareRanks(rank, bestRank);
      if (rank[0] < 0 || order < 0) continue;
      best = order > 0 ? [candidate] : [...best, candidate];
      bestRank = rank;
    }
    return best.length === 0 ? NOBODY : freeze(best.flatMap(({ instances }) => instances));
  }

  private findAddress(text: string): readonly Instance[] {
    const address = completeAddress(text);
    if (address === undefined) {
      throw new MeshError(MeshCode.ADDRESS_UNREACHABLE, `the target's address must be host:port, got '${text}'`);
    }
    const known = this.services.flatMap(({ instances }) => instances).find((instance) => instance.address === address);
    const found = freeze([known ? { ...known, subset: EVERY_SUBSET } : instanceAt(address)]);
    if (this.addressed.size >= MAX_ADDRESSES) this.addressed.clear();
    this.addressed.set(text, found);
    return found;
  }

  private keepAlone(self: Instance): readonly Instance[] {
    const alone = Object.freeze([self]);
    this.alone.set(self, alone);
    return alone;
  }

  private refuseStranger(target: CallTarget): void {
    const callee = calleeOf(target, this.own);
    if (callee === this.own || this.services.some(({ owner }) => isRestricted(owner) && admits(owner, callee))) return;
    if (this.options.direct.some((rule) => rule.kind === 'exact' && isNode(rule.nodeId, callee))) return;
    const names = [target.nodeId && `node '${target.nodeId}'`, target.instId && `institution '${target.instId}'`];
    const name = names.filter(Boolean).join(' of ');
    throw new MeshError(
      MeshCode.NOT_IN_NETWORK,
      `${name} is not in the network: no service is configured for it, and there is no node that forwards calls`,
    );
  }
}

/** How well a configured service fits: by its name first, then by whose it is. */
type Rank = readonly [closeness: number, owner: number];

interface Service {
  readonly pattern: string;
  readonly owner: PartyKey;
  readonly instances: readonly Instance[];
}

function toService({ service, addresses, nodeId, instId, subset, transport }: ResolvedStaticService): Service {
  const common = { nodeId, instId, subset, ...(transport !== undefined && { transport }) };
  return {
    pattern: service,
    owner: partyKey({ nodeId, instId }),
    instances: freeze(addresses.map((address) => ({ address, ...common }))),
  };
}

function compareRanks(a: Rank, b: Rank): number {
  return a[0] === b[0] ? a[1] - b[1] : a[0] - b[0];
}

function fits(rule: DirectRule, service: string, callee: PartyKey): boolean {
  if (rule.kind === 'prefix') return service.startsWith(rule.prefix);
  return rule.service === service && isNode(rule.nodeId, callee);
}

/** The reference SDK writes an institution where a call names no node, so a rule may name either. */
function isNode(nodeId: string, callee: PartyKey): boolean {
  return nodeId.toLowerCase() === (callee.nodeId || callee.instId);
}

function instanceAt(address: string): Instance {
  return { address, nodeId: '', instId: '', subset: EVERY_SUBSET };
}

function freeze(instances: readonly Instance[]): readonly Instance[] {
  return Object.freeze(instances.map((instance) => Object.freeze(instance)));
}
