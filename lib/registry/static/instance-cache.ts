import type { CallTarget, Instance } from '../registry.js';

/** Most answers held. A process calls a few hundred services and parties; one that exceeds this starts anew. */
const MAX_ENTRIES = 4_096;

type ByInst = Map<string, readonly Instance[]>;

/** Holds the instances found for a service and a party. Looking one up allocates nothing. */
export class InstanceCache {
  private readonly byService = new Map<string, Map<string, ByInst>>();
  private entries = 0;

  /** What was held for this service and party, ids compared as they are written. */
  get(service: string, target: CallTarget): readonly Instance[] | undefined {
    return this.byService
      .get(service)
      ?.get(target.nodeId ?? '')
      ?.get(target.instId ?? '');
  }

  /** Holds instances; forgets everything first when it is full. */
  set(service: string, target: CallTarget, instances: readonly Instance[]): void {
    if (this.entries >= MAX_ENTRIES) this.clear();
    const byNode = obtain(this.byService, service, () => new Map<string, ByInst>());
    const byInst = obtain(byNode, target.nodeId ?? '', () => new Map() as ByInst);
    byInst.set(target.instId ?? '', instances);
    this.entries++;
  }

  private clear(): void {
    this.byService.clear();
    this.entries = 0;
  }
}

function obtain<V>(map: Map<string, V>, key: string, make: () => V): V {
  const held = map.get(key);
  if (held !== undefined) return held;
  const made = make();
  map.set(key, made);
  return made;
}
