import { defineFamily } from '../kernel/extension-family.js';
import type { MeshError } from '../errors/mesh-error.js';
import type { Instance, ServiceQuery } from '../registry/registry.js';

/** How a call to a picked instance ended. */
export interface CallOutcome {
  /** From the pick to the answer, in ms. */
  readonly durationMs: number;
  /** Absent when the call was answered with success. */
  readonly error?: MeshError;
}

/** An instance picked, and whom to tell how it went. */
export interface Pick {
  readonly instance: Instance;
  /** Called once, when the call has ended. */
  done?(outcome: CallOutcome): void;
}

/** Chooses one of the instances that may serve a call. */
export interface Balancer {
  /** @param instances at least one */
  pick(instances: readonly Instance[], query: ServiceQuery): Pick;
}

/** The family of balancers. The default is `round-robin`. */
export const BALANCER = defineFamily<Balancer>('balancer', 'round-robin');
