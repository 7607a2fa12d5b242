import type { Forwarded, ServiceFigures } from '../builtin/stats.js';
import type { Destination } from './destination.js';

/** Partners counted by name; those of further ones are counted together. */
const MAX_PARTNERS = 1_024;

/** How calls went that were handed on one way. An answer counts as served, whatever it says. */
type Way = { -readonly [name in keyof ServiceFigures]: number };

/** Counts the calls that are handed on. */
export class ForwardTally {
  private readonly instances = none();
  private readonly partners = new Map<string, Way>();
  private readonly others = none();

  /** Notes that a call goes on; who hands it on notes how it ends. */
  begin(destination: Exclude<Destination, { readonly to: 'here' }>): Way {
    const way = destination.to === 'instances' ? this.instances : this.partner(destination.partner.route.nodeId);
    way.underWay++;
    return way;
  }

  /** All figures, at this moment. */
  figures(): Forwarded {
    const partners = [...this.partners].map(([nodeId, way]) => [nodeId, { ...way }] as const);
    const isAll = this.others.served + this.others.failed + this.others.underWay === 0;
    const others = isAll ? [] : [['others', { ...this.others }] as const];
    return { instances: { ...this.instances }, partners: Object.fromEntries([...partners, ...others]) };
  }

  private partner(nodeId: string): Way {
    const known = this.partners.get(nodeId);
    if (known) return known;
    if (this.partners.size >= MAX_PARTNERS) return this.others;
    const way = none();
    this.partners.set(nodeId, way);
    return way;
  }
}

function none(): Way {
  return { served: 0, failed: 0, underWay: 0 };
}
