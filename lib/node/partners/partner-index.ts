import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { Partner } from './partner.js';
import type { PartnerEntry } from './partner-entry.js';
import type { PartnerTarget } from './partners.js';

/**
 * The partners in force, by what is meant for them. Ids are compared without case, and found at once in the case in which routes
 * have them.
 */
export class PartnerIndex {
  /** By the id of the node in lower case, in the order in which they came. */
  private readonly entries = new Map<string, PartnerEntry>();
  private readonly nodes = new Map<string, PartnerEntry>();
  private readonly institutions = new Map<string, readonly PartnerEntry[]>();

  /** As `Partners.find`; of several nodes of one institution, the first that can be used stands for it. */
  find({ nodeId = '', instId = '' }: PartnerTarget): Partner {
    const found = this.entryOf(nodeId, instId);
    if (found?.isUsable) return found.partner;
    throw found ? found.refusal() : unknown(nodeId, instId);
  }

  /** Whether a target is a partner. */
  knows({ nodeId = '', instId = '' }: PartnerTarget): boolean {
    return this.entryOf(nodeId, instId) !== undefined;
  }

  /** What is in force for a node. */
  get(nodeId: string): PartnerEntry | undefined {
    return at(this.nodes, nodeId);
  }

  /** What is in force, in the order in which it came. */
  all(): readonly PartnerEntry[] {
    return [...this.entries.values()];
  }

  /** Puts something in force for a node, or nothing. @param id of the node, in lower case */
  set(id: string, entry: PartnerEntry | undefined): void {
    const before = this.entries.get(id);
    if (before) this.nodes.delete(before.route.nodeId);
    if (entry) {
      this.entries.set(id, entry);
      this.nodes.set(id, entry).set(entry.route.nodeId, entry);
    } else {
      this.entries.delete(id);
      this.nodes.delete(id);
    }
    this.regroup(before, entry);
  }

  private entryOf(nodeId: string, instId: string): PartnerEntry | undefined {
    const node = nodeId === '' ? undefined : at(this.nodes, nodeId);
    if (node || instId === '') return node;
    const group = at(this.institutions, instId);
    return group?.find(isUsable) ?? group?.[0];
  }

  private regroup(before: PartnerEntry | undefined, entry: PartnerEntry | undefined): void {
    const [old, now] = [before, entry].map((one) => one?.route.instId.toLowerCase() ?? '');
    if (before && old) {
      const group = this.group(old);
      const stays = entry && old === now ? [entry] : [];
      this.setGroup(
        old,
        group.flatMap((one) => (one === before ? stays : [one])),
      );
    }
    if (entry && now && (!before || old !== now)) this.setGroup(now, [...this.group(now), entry]);
  }

  private group(institution: string): readonly PartnerEntry[] {
    return this.institutions.get(institution) ?? [];
  }

  private setGroup(institution: string, group: readonly PartnerEntry[]): void {
    for (const { route } of this.group(institution)) this.institutions.delete(route.instId);
    this.institutions.delete(institution);
    if (group.length === 0) return;
    this.institutions.set(institution, group);
    for (const { route } of group) this.institutions.set(route.instId, group);
  }
}

function at<T>(map: ReadonlyMap<string, T>, id: string): T | undefined {
  return map.get(id) ?? map.get(id.toLowerCase());
}

function isUsable(entry: PartnerEntry): boolean {
  return entry.isUsable;
}

function unknown(nodeId: string, instId: string): MeshError {
  const what = nodeId === '' ? 'institution' : 'node';
  const shown = JSON.stringify((nodeId || instId).slice(0, 100));
  return new MeshError(MeshCode.NOT_IN_NETWORK, `the ${what} ${shown} is not in the network: no partner has this id`);
}
