import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { MeshExtension } from '../../kernel/extension.decorator.js';
import type { Instance } from '../../registry/registry.js';
import { BALANCER, type Balancer, type Pick } from '../balancer.js';

/** Whose turn it is in one array of instances. */
interface Turn {
  next: number;
}

/**
 * Takes the instances of an array in turn. Each array has a rotation of its own, which starts at a random place, so that many
 * consumers started together do not all begin with the same instance. It does not look at how calls end.
 */
@MeshExtension(BALANCER, 'round-robin')
export class RoundRobinBalancer implements Balancer {
  private readonly turns = new WeakMap<readonly Instance[], Turn>();
  private readonly picks = new WeakMap<Instance, Pick>();

  pick(instances: readonly Instance[]): Pick {
    const instance = instances.length === 1 ? instances[0] : instances[this.turn(instances)];
    if (instance === undefined) throw new MeshError(MeshCode.NO_INSTANCE, 'there is no instance to pick from');
    return this.picks.get(instance) ?? this.keep(instance);
  }

  private turn(instances: readonly Instance[]): number {
    const turn = this.turns.get(instances);
    if (turn === undefined) return this.begin(instances);
    const at = turn.next < instances.length ? turn.next : 0;
    turn.next = at + 1;
    return at;
  }

  private begin(instances: readonly Instance[]): number {
    const at = Math.floor(Math.random() * instances.length);
    this.turns.set(instances, { next: at + 1 });
    return at;
  }

  private keep(instance: Instance): Pick {
    const pick = Object.freeze({ instance });
    this.picks.set(instance, pick);
    return pick;
  }
}
