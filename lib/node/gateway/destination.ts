import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { Header } from '../../protocol/headers.js';
import type { RegisteredInstances } from '../../registry/registered-instances.js';
import type { CallTarget, Instance, ServiceQuery } from '../../registry/registry.js';
import type { InboundHead } from '../../transport/transport.js';
import type { Partner } from '../partners/partner.js';
import type { Partners, PartnerTarget } from '../partners/partners.js';
import type { CalledUrn, CalledUrns } from './called-urns.js';
import type { DepartedServices } from './departed-services.js';
import { namedTarget } from './named-target.js';

/** Where a call goes: to what this process provides, to an instance that is registered, or to a partner's node. */
export type Destination =
  | { readonly to: 'here' }
  | { readonly to: 'instances'; readonly instances: readonly Instance[]; readonly query: ServiceQuery }
  | { readonly to: 'partner'; readonly partner: Partner };

/** By what destinations are found. */
export interface DestinationParts {
  readonly urns: CalledUrns;
  readonly partners: Pick<Partners, 'find' | 'knows'>;
  readonly registered: RegisteredInstances;
  readonly departed: DepartedServices;
  /** Whether this process provides a service. */
  isLocal(service: string): boolean;
}

const HERE: Destination = { to: 'here' };

/**
 * Finds where calls go. A call is for the node that its headers name, else for the institution that they name, else for what
 * its URN names; so that a partner's node, which may know this one by another name in the URN, is understood. What is for this
 * node goes to this process, when it provides the service; else to what is registered.
 */
export class Destinations {
  constructor(private readonly parts: DestinationParts) {}

  /**
   * @returns `here`, too, for what nobody provides, or may not be called where the call came in: who answers for this process
   * answers that
   * @throws MeshError E0000000400 for a contradiction; E0000000617 for what may not be called elsewhere; E0000000618, E0000000605 or E0000000606 when the target is not in the
   * network, or not at the moment; E0000000602 when no instance of a service is there that was
   */
  find({ headers, admits }: Pick<InboundHead, 'headers' | 'admits'>, called: CalledUrn): Destination {
    const { name, area, elsewhere } = called;
    const isAdmitted = !admits || admits(name, area);
    const named = namedTarget(headers, this.parts.urns.isOwn);
    const target = named ?? (elsewhere === '' ? 'here' : either(elsewhere));
    if (target === 'here') return isAdmitted ? this.inside(headers, called) : HERE;
    return isAdmitted ? this.outside(headers, called, target) : this.unadmitted(name, target);
  }

  /** What may not be called elsewhere may be called here, when this process takes it for its own: who serves it says so. */
  private unadmitted(name: string, target: PartnerTarget): Destination {
    const { isLocal, partners } = this.parts;
    if (isLocal(name) && !partners.knows(target)) return HERE;
    throw new MeshError(MeshCode.NO_SERVICE, `nobody here provides '${name}'`);
  }

  private inside(headers: InboundHead['headers'], called: CalledUrn): Destination {
    const { isLocal, registered, partners, departed } = this.parts;
    const { name, address, elsewhere } = called;
    const very = address === '' ? [] : registered.at(name, address);
    if (very.length > 0) return this.instances(very, headers, called);
    if (isLocal(name)) return HERE;
    // The headers of a call that the reference SDK makes within another name the target of that other call.
    const isLeftover = elsewhere !== '' && !headers[Header.NODES_PASSED] && !registered.knows(name);
    if (isLeftover && partners.knows(either(elsewhere))) return this.partner(called, either(elsewhere));
    if (address !== '' && registered.knows(name)) throw noInstance(name, `nobody has registered it at ${address}`);
    const found = registered.find(name, {});
    if (found.length > 0) return this.instances(found, headers, called);
    if (registered.knows(name)) throw noInstance(name, 'those who have registered it belong to other nodes');
    if (departed.has(name)) throw noInstance(name, 'all who had registered it have left');
    return HERE;
  }

  private outside(headers: InboundHead['headers'], called: CalledUrn, target: PartnerTarget): Destination {
    const { isLocal, partners } = this.parts;
    const { name, elsewhere } = called;
    if (partners.knows(target)) {
      this.refuseContradiction(target, elsewhere);
      return this.partner(called, target);
    }
    if (isLocal(name)) return HERE;
    const found = this.registeredFor(name, target);
    if (found.length > 0) return this.instances(found, headers, called, target);
    return this.partner(called, target);
  }

  /** Instances whose registration says that they belong to another node or institution. */
  private registeredFor(name: string, target: PartnerTarget): readonly Instance[] {
    const { registered } = this.parts;
    const { nodeId, instId } = target;
    if (!nodeId || nodeId !== instId) return registered.find(name, targetOf(target));
    const byNode = registered.find(name, { nodeId });
    return byNode.length > 0 ? byNode : registered.find(name, { instId });
  }

  /** What names one partner in its URN, and another in its headers, would be two things to two readers. */
  private refuseContradiction(target: PartnerTarget, elsewhere: string): void {
    const { partners } = this.parts;
    if (elsewhere === '' || !partners.knows(either(elsewhere))) return;
    const [one, other] = [partners.find(target), partners.find(either(elsewhere))];
    if (one === other) return;
    const message = `the headers name the node '${one.route.nodeId}', and the URN names '${other.route.nodeId}'`;
    throw new MeshError(MeshCode.INVALID_REQUEST, message);
  }

  private partner(called: CalledUrn, target: PartnerTarget): Destination {
    refuseForeignDomain(called);
    return { to: 'partner', partner: this.parts.partners.find(target) };
  }

  private instances(
    instances: readonly Instance[],
    headers: InboundHead['headers'],
    called: CalledUrn,
    target: PartnerTarget = {},
  ): Destination {
    refuseForeignDomain(called);
    const subset = headers[Header.SUBSET];
    const asked: CallTarget = subset ? { ...targetOf(target), subset } : targetOf(target);
    return { to: 'instances', instances, query: { service: called.name, target: asked, self: undefined } };
  }
}

/** SDKs write a node or an institution in the same place of a URN. */
function either(id: string): PartnerTarget {
  return { nodeId: id, instId: id };
}

function targetOf({ nodeId, instId }: PartnerTarget): CallTarget {
  return { ...(nodeId && { nodeId }), ...(instId && { instId }) };
}

function refuseForeignDomain({ urn, domain }: CalledUrn): void {
  if (domain === 'own') return;
  const message = `the URN is of a domain that this node hands nothing on for: ${JSON.stringify(urn.slice(0, 200))}`;
  throw new MeshError(MeshCode.INVALID_REQUEST, message);
}

function noInstance(service: string, why: string): MeshError {
  return new MeshError(MeshCode.NO_INSTANCE, `there is no instance of '${service}': ${why}`, { neverSent: true });
}
