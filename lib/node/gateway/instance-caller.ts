import type { Balancer } from '../../balance/balancer.js';
import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { Instance, ServiceQuery } from '../../registry/registry.js';
import type { Router } from '../../routing/router.js';

/** By what instances are chosen. */
export interface ChoiceParts {
  readonly routers: readonly Router[];
  readonly balancer: Balancer;
}

/**
 * Hands a call to one instance.
 *
 * @param connectBy when there has to be a connection to it, since another one may be tried: ms since the epoch
 * @throws MeshError why there is no answer
 */
export type InstanceAttempt<Answer> = (instance: Instance, connectBy: number) => Promise<Answer>;

/** The part of its share of the time that an instance has to take a connection; what it leaves is for the call. */
const CONNECTING_PART = 0.8;

/** Failures that say that an instance was not reached; with `neverSent`, another one may be tried. */
const NOT_REACHED: ReadonlySet<string> = new Set([
  MeshCode.ADDRESS_UNREACHABLE,
  MeshCode.UNREACHABLE,
  MeshCode.BUFFER_FULL,
]);

/** Failures told of at most, when no instance takes a call. */
const MAX_FAILURES = 5;

/** Chooses the instance that a call goes to, and another one when that does not take it. */
export class InstanceCaller {
  constructor(private readonly parts: ChoiceParts) {}

  /**
   * @param instances at least one
   * @param timeMs the time that there is to connect to one of them
   * @throws MeshError E0000000602 when none is left after the routers, or none takes the call; why there is no answer otherwise
   */
  async call<Answer>(
    instances: readonly Instance[],
    query: ServiceQuery,
    timeMs: number,
    attempt: InstanceAttempt<Answer>,
  ): Promise<Answer> {
    const end = Date.now() + timeMs;
    let left = instances;
    for (const router of this.parts.routers) left = router.route(left, query);
    const failures: string[] = [];
    while (left.length > 0) {
      const pick = this.parts.balancer.pick(left, query);
      const started = pick.done ? performance.now() : 0;
      try {
        const now = Date.now();
        const answer = await attempt(pick.instance, now + (CONNECTING_PART * (end - now)) / left.length);
        pick.done?.({ durationMs: performance.now() - started });
        return answer;
      } catch (cause) {
        const error = toMeshError(cause);
        pick.done?.({ durationMs: performance.now() - started, error });
        if (!error.neverSent || !NOT_REACHED.has(error.code)) throw error;
        failures.push(error.message);
        left = left.filter((instance) => instance !== pick.instance);
      }
    }
    throw noInstance(query, failures);
  }
}

function noInstance({ service, target: { subset } }: ServiceQuery, failures: readonly string[]): MeshError {
  const shown = failures.slice(0, MAX_FAILURES).join('; ');
  const where = subset ? ` of the subset '${subset.slice(0, 100)}'` : '';
  const why = failures.length === 0 ? `none${where} is registered` : `none takes the call: ${shown}`;
  return new MeshError(MeshCode.NO_INSTANCE, `there is no instance of '${service}': ${why}`, { neverSent: true });
}
