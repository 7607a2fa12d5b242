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
  call<Answer>(
    instances: readonly Instance[],
    query: ServiceQuery,
    timeMs: number,
    attempt: InstanceAttempt<Answer>,
  ): Promise<Answer> {
    let left = instances;
    for (const router of this.parts.routers) left = router.route(left, query);
    return this.first({ query, attempt, end: Date.now() + timeMs, failures: [] }, left);
  }

  /** Calls one of those that are left. */
  private first<Answer>(choosing: Choosing<Answer>, left: readonly Instance[]): Promise<Answer> {
    const { query, attempt, end } = choosing;
    if (left.length === 0) return Promise.reject(noInstance(query, choosing.failures));
    const pick = this.parts.balancer.pick(left, query);
    const now = Date.now();
    const connectBy = now + (CONNECTING_PART * (end - now)) / left.length;
    const started = pick.done ? performance.now() : 0;
    return begun(attempt, pick.instance, connectBy).then(
      pick.done && ((answer) => (pick.done?.({ durationMs: performance.now() - started }), answer)),
      (cause: unknown) => {
        const error = toMeshError(cause);
        pick.done?.({ durationMs: performance.now() - started, error });
        if (!error.neverSent || !NOT_REACHED.has(error.code)) throw error;
        const failures = [...choosing.failures, error.message];
        return this.first(
          { ...choosing, failures },
          left.filter((instance) => instance !== pick.instance),
        );
      },
    );
  }
}

/** What is the same for all attempts of a call, and why those before were none. */
interface Choosing<Answer> {
  readonly query: ServiceQuery;
  readonly attempt: InstanceAttempt<Answer>;
  /** When the time to connect is over: ms since the epoch. */
  readonly end: number;
  readonly failures: readonly string[];
}

function begun<Answer>(attempt: InstanceAttempt<Answer>, instance: Instance, connectBy: number): Promise<Answer> {
  try {
    return attempt(instance, connectBy);
  } catch (error) {
    return Promise.reject(error);
  }
}

function noInstance({ service, target: { subset } }: ServiceQuery, failures: readonly string[]): MeshError {
  const shown = failures.slice(0, MAX_FAILURES).join('; ');
  const where = subset ? ` of the subset '${subset.slice(0, 100)}'` : '';
  const why = failures.length === 0 ? `none${where} is registered` : `none takes the call: ${shown}`;
  return new MeshError(MeshCode.NO_INSTANCE, `there is no instance of '${service}': ${why}`, { neverSent: true });
}
