import { isDeepStrictEqual } from 'node:util';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { Partner } from './partner.js';
import { type PartnerRoute, RouteStatus } from './partner-route.js';

const { WEAVED, ASKING, DISABLED, REMOVED, APPROVING, REJECTED } = RouteStatus;

/** What keeps something meant for a partner from being handed to it. */
type Hindrance = 'removed' | 'rejected' | 'asking' | 'approving' | 'disabled';

/** A route in a table, with what calls for it need. */
export class PartnerEntry {
  /** What keeps it from being used, whatever the time. */
  private readonly hindrance: Hindrance | undefined;
  private readonly expireAt: number;
  /** Characters of its texts; a number counts for eight. */
  readonly size: number;

  constructor(
    readonly route: PartnerRoute,
    readonly partner: Partner,
  ) {
    this.hindrance = hindranceOf(route.details.status);
    this.expireAt = route.details.expireAt;
    const texts = [...Object.values<string | number>({ ...route.details }), ...route.addresses];
    this.size = texts.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 8), 0);
  }

  /** Whether something can be handed to the partner now. */
  get isUsable(): boolean {
    return this.hindrance === undefined && (this.expireAt === 0 || Date.now() < this.expireAt);
  }

  /** Why nothing can be handed to the partner now: E0000000605, E0000000606 or E0000000618. */
  refusal(): MeshError {
    const { nodeId } = this.route;
    if (this.hindrance === undefined) {
      const since = new Date(this.expireAt).toISOString();
      return new MeshError(MeshCode.NETWORK_EXPIRED, `the agreement with the node '${nodeId}' has expired at ${since}`);
    }
    const code = this.hindrance === 'disabled' ? MeshCode.NETWORK_DISABLED : MeshCode.NOT_IN_NETWORK;
    return new MeshError(code, `the node '${nodeId}' ${REASONS[this.hindrance]}`);
  }
}

const REASONS: Readonly<Record<Hindrance, string>> = {
  removed: 'is not in the network any more: its route is removed',
  rejected: 'is not in the network: the one side has rejected the other',
  asking: 'is not in the network: it is not woven yet, and has not answered the request to',
  approving: 'is not in the network: it is not woven yet, and its request to waits for an answer',
  disabled: 'is disabled',
};

function hindranceOf(status: number): Hindrance | undefined {
  if (status & REMOVED) return 'removed';
  if (status & REJECTED) return 'rejected';
  if (status & DISABLED) return 'disabled';
  if (status & WEAVED) return undefined;
  if (status & APPROVING) return 'approving';
  return status & ASKING ? 'asking' : undefined;
}

/** Whether two routes lead to the same place in the same way, whatever else is said of them. */
export function isSameWay(a: PartnerRoute, b: PartnerRoute): boolean {
  return isDeepStrictEqual(wayOf(a), wayOf(b));
}

function wayOf({ details: _details, origin: _origin, ...way }: PartnerRoute): object {
  return way;
}
