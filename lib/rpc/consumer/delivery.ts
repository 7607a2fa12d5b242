import { AsyncResource } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Balancer, Pick } from '../../balance/balancer.js';
import type { MeshContext } from '../../context/mesh-context.js';
import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { CallTarget, Instance, Registry, ServiceQuery } from '../../registry/registry.js';
import type { RetryPolicy } from '../../resilience/retry-policy.js';
import type { Router } from '../../routing/router.js';
import type { ConnectionPool } from '../../transport/connection-pool.js';
import { withoutTail } from '../../transport/tails.js';
import type { BodyLifetime, CallOwner, Connection, OutboundCall } from '../../transport/transport.js';
import type { ConsumerCall } from '../call-filter.js';
import type { WireType } from '../facade/wire-type.js';
import type { CallSite } from './call-site.js';
import { isPackable, type RequestForms } from './request-forms.js';

/** How a call finds its way. */
export interface Ways {
  readonly registry: Registry;
  readonly routers: readonly Router[];
  readonly balancer: Balancer;
  readonly retryPolicy: RetryPolicy;
  readonly pool: ConnectionPool;
  /** This process as an instance of a service, when it provides it for this target, or leads there. */
  self(service: string, target: CallTarget): Instance | undefined;
}

/** A call with what was declared of it, for the functions behind the filters. */
export interface SitedCall extends ConsumerCall {
  readonly site: CallSite;
  /** Wire type of the answer, where it has one. */
  readonly returns: WireType<unknown> | undefined;
}

/** Who waits for a call. It is told once, and does not throw. */
export interface Ending {
  /** What the provider answered. */
  succeeded(content: unknown): void;
  /** Why there is no such answer. */
  failed(cause: unknown): void;
}

/**
 * One call on its way: resolve, route, pick, call, until there is an answer. What it says is not looked at: a provider's answer
 * is never a reason to repeat. Where nothing has to be waited for but the answer, nothing is waited for.
 *
 * What comes after a failure runs where the call was made, as far as `AsyncLocalStorage` can tell.
 */
export class Delivery extends AsyncResource implements CallOwner {
  private attempts = 0;
  /** The instance of the attempt under way, until it is told how that went. */
  private pick: Pick | undefined;
  private started = 0;
  /** The forms of the call, each made when a connection first asks for it. */
  private standard: OutboundCall | undefined;
  private packed: OutboundCall | undefined;
  /** That of the attempt under way. */
  private sent: OutboundCall | undefined;

  constructor(
    private readonly call: SitedCall,
    private readonly ways: Ways,
    private readonly forms: RequestForms,
    private readonly ending: Ending,
  ) {
    super('MeshDelivery');
  }

  /** Attempts. It does not throw: what goes wrong is told to the ending. */
  attempt(): void {
    this.attempts++;
    try {
      const query = this.query();
      const found = this.ways.registry.resolve(query);
      if (!(found instanceof Promise)) return this.send(found, query);
      found.then(
        (instances) => this.send(instances, query),
        (cause: unknown) => void this.again(cause),
      );
    } catch (cause) {
      void this.again(cause);
    }
  }

  answered(body: Uint8Array, lifetime: BodyLifetime): void {
    const { call, ending, forms, sent } = this;
    let content: unknown;
    try {
      this.report();
      content = sent?.packed ? forms.unpack(body, lifetime, call.returns) : forms.open(body, lifetime);
    } catch (cause) {
      return ending.failed(cause);
    }
    ending.succeeded(content);
  }

  failed(error: MeshError): void {
    void this.runInAsyncScope(this.again, this, error);
  }

  /** Made for each attempt: a call under way keeps as little as it can. */
  private query(): ServiceQuery {
    const { service, target } = this.call;
    return { service, target, self: this.ways.self(service, target) };
  }

  private send(found: readonly Instance[], query: ServiceQuery): void {
    try {
      const pick = this.choose(found, query);
      this.pick = pick;
      if (pick.done) this.started = performance.now();
      const connection = this.ways.pool.get(pick.instance);
      this.sent = this.formFor(connection);
      if (connection.ask) return connection.ask(this.sent, this);
      connection.call(this.sent).then(
        (body) => this.answered(body, 'lasting'),
        (cause: unknown) => void this.again(cause),
      );
    } catch (cause) {
      void this.again(cause);
    }
  }

  private choose(found: readonly Instance[], query: ServiceQuery): Pick {
    const { ways } = this;
    let instances = found;
    for (const router of ways.routers) instances = router.route(instances, query);
    if (instances.length === 0) throw noInstance(query);
    return ways.balancer.pick(instances, query);
  }

  private formFor({ packs, takesTails }: Connection): OutboundCall {
    const { call, forms } = this;
    if (packs && isPackable(call)) {
      const packed = (this.packed ??= forms.packed(call, takesTails ? 'behind' : 'within'));
      return takesTails ? packed : withoutTail(packed);
    }
    return (this.standard ??= forms.standard(call));
  }

  /** Attempts once more, unless it is not to be. It does not reject. */
  private async again(cause: unknown): Promise<void> {
    try {
      const error = toMeshError(cause);
      this.report(error);
      await this.pause(error);
    } catch (final) {
      return this.ending.failed(final);
    }
    this.attempt();
  }

  /** Tells who picked the instance how it went. */
  private report(error?: MeshError): void {
    const { pick } = this;
    this.pick = undefined;
    pick?.done?.({ durationMs: performance.now() - this.started, ...(error && { error }) });
  }

  /** Waits until the next attempt, or throws when there is to be none. */
  private async pause(error: MeshError): Promise<void> {
    const { attempts, call, ways } = this;
    const { context, site } = call;
    const { reason } = context.cancellation;
    // When the time is over, the attempt can say what it was spent on.
    if (reason) throw error.code === reason.code ? error : reason;
    const delayMs = ways.retryPolicy.delayMs({
      attempt: attempts,
      error,
      idempotent: site.idempotent,
      retries: site.retries,
      remainingMs: context.remainingMs,
    });
    if (delayMs === undefined) throw error;
    await waitUnlessCancelled(delayMs, context);
  }
}

async function waitUnlessCancelled(delayMs: number, context: MeshContext): Promise<void> {
  try {
    await sleep(delayMs, undefined, { signal: context.signal });
  } catch (error) {
    throw context.cancellation.reason ?? error;
  }
}

function noInstance(query: ServiceQuery): MeshError {
  const target = (['nodeId', 'instId', 'address', 'subset'] as const)
    .filter((key) => query.target[key])
    .map((key) => `${key} ${query.target[key]}`);
  const where = target.length > 0 ? ` at ${target.join(', ')}` : '';
  const message = `no instance of '${query.service}'${where}: name one in the options 'services' or 'addresses', in MESH_DIRECT or MESH_ADDRESS, or in the call`;
  return new MeshError(MeshCode.NO_INSTANCE, message, { neverSent: true });
}
