import { defineFamily } from '../kernel/extension-family.js';
import type { Instance, ServiceQuery } from '../registry/registry.js';

/** Narrows the instances that may serve a call. Routers run one after the other, by priority. */
export interface Router {
  /** A subset of the instances, in the same order; the same array when there is nothing to say. */
  route(instances: readonly Instance[], query: ServiceQuery): readonly Instance[];
}

/** The family of routers. All are used, in order. */
export const ROUTER = defineFamily<Router>('router');
