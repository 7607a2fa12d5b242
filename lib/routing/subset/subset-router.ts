import { MeshExtension } from '../../kernel/extension.decorator.js';
import { EVERY_SUBSET, type Instance, type ServiceQuery } from '../../registry/registry.js';
import { ROUTER, type Router } from '../router.js';

/** Most subsets held for one array of instances. */
const MAX_SUBSETS = 256;

/**
 * Keeps the instances of the subset that a call asks for, and those that serve every subset. A call that asks for none may
 * go to any instance, whatever subset that belongs to.
 *
 * Where no instance is of the subset, none is left and the call fails with E0000000602: it does not fall back to others,
 * since a subset separates deployments that must not mix. The reference SDK does not choose by subset: it hands the
 * name on in `mesh-subset`, and the node chooses. That is what happens here too when the call goes to a node.
 */
@MeshExtension(ROUTER, 'subset')
export class SubsetRouter implements Router {
  private readonly narrowed = new WeakMap<readonly Instance[], Map<string, readonly Instance[]>>();

  route(instances: readonly Instance[], query: ServiceQuery): readonly Instance[] {
    const wanted = query.target.subset;
    if (!wanted) return instances;
    return this.narrowed.get(instances)?.get(wanted) ?? this.narrow(instances, wanted);
  }

  private narrow(instances: readonly Instance[], wanted: string): readonly Instance[] {
    const kept = instances.filter(({ subset }) => subset === wanted || subset === EVERY_SUBSET);
    const result = kept.length === instances.length ? instances : Object.freeze(kept);
    this.keep(instances, wanted, result);
    return result;
  }

  /** An array that may still change is looked at anew each time. */
  private keep(instances: readonly Instance[], wanted: string, result: readonly Instance[]): void {
    if (!Object.isFrozen(instances)) return;
    const subsets = this.narrowed.get(instances) ?? new Map<string, readonly Instance[]>();
    if (subsets.size >= MAX_SUBSETS) subsets.clear();
    this.narrowed.set(instances, subsets.set(wanted, result));
  }
}
