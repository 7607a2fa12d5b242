import { setTimeout as sleep } from 'node:timers/promises';
import type { Balancer } from '../../balance/balancer.js';
import type { Codec } from '../../codec/codec.js';
import type { MeshContext, Party } from '../../context/mesh-context.js';
import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import { openEnvelope } from '../../protocol/envelope.js';
import type { CallTarget, Instance, Registry, ServiceQuery } from '../../registry/registry.js';
import type { RetryPolicy } from '../../resilience/retry-policy.js';
import type { Router } from '../../routing/router.js';
import type { ConnectionPool } from '../../transport/connection-pool.js';
import { MESH_RPC_PATH, type OutboundCall } from '../../transport/transport.js';
import { type CallNext, chainFilters, type ConsumerCall, type ConsumerFilter } from '../call-filter.js';
import { revive } from '../facade/wire-type.js';
import type { CallOptions } from './call-options.js';
import type { CallSite } from './call-site.js';
import { openOutboundContext } from './outbound-context.js';
import { OutboundHead } from './outbound-head.js';

/** What a call passes on its way out. */
export interface ConsumerPipeline {
  readonly registry: Registry;
  readonly routers: readonly Router[];
  readonly balancer: Balancer;
  readonly retryPolicy: RetryPolicy;
  readonly codec: Codec;
  readonly filters: readonly ConsumerFilter[];
  readonly pool: ConnectionPool;
  /** This process as an instance of a service, when it provides it for this target, or leads there. */
  self(service: string, target: CallTarget): Instance | undefined;
}

/** A call with the site that declared it, for the functions behind the filters. */
interface SitedCall extends ConsumerCall {
  readonly site: CallSite;
}

/** Makes calls: resolve, route, pick, call, report; the same way for facades, clients and Nest's client proxy. */
export class MeshInvoker {
  private readonly self: Party;
  private readonly head: OutboundHead;
  private readonly run: CallNext<SitedCall>;

  constructor(
    private readonly pipeline: ConsumerPipeline,
    private readonly options: ResolvedMeshOptions,
  ) {
    this.self = { nodeId: options.nodeId, instId: options.instId };
    this.head = new OutboundHead(options);
    this.run = chainFilters<SitedCall>(withSite(pipeline.filters), (call) => this.perform(call));
  }

  /**
   * Calls a service.
   *
   * @param args the arguments by their names on the wire
   * @returns the content of the answer
   * @throws MeshError what the provider answered, or why there was no answer
   */
  async invoke(site: CallSite, args: Readonly<Record<string, unknown>>, options: CallOptions): Promise<unknown> {
    const { context, attachments, release } = openOutboundContext(site, options, this.options, this.self);
    try {
      if (context.cancellation.reason) throw context.cancellation.reason;
      if (Object.hasOwn(args, 'attachments')) throw reservedName(site.service);
      const answer = await this.run({ service: site.service, args, target: options, context, attachments, site });
      return site.returns ? revive(answer, site.returns, `the answer of ${site.service}`, MeshCode.ENCODING) : answer;
    } catch (error) {
      throw toMeshError(error);
    } finally {
      release();
    }
  }

  private async perform(call: SitedCall): Promise<unknown> {
    const attachments = this.head.attachments(call.context, call.attachments);
    const body = this.pipeline.codec.encode({ ...call.args, attachments });
    if (body.byteLength > this.options.limits.maxMessageBytes)
      throw tooLong(call.service, body.byteLength, this.options);
    const headers = this.head.headers(call);
    const series = this.head.series(headers);
    const outbound: OutboundCall = {
      path: MESH_RPC_PATH,
      headers,
      body,
      ...(series !== undefined && { series }),
      deadline: call.context.deadline,
      cancellation: call.context.cancellation,
    };
    const { service, target } = call;
    const query: ServiceQuery = { service, target, self: this.pipeline.self(service, target) };
    return openEnvelope(this.pipeline.codec.decode(await this.carry(call, query, outbound)));
  }

  /** Attempts until there is an answer. What it says is not looked at: a provider's answer is never a reason to repeat. */
  private async carry(call: SitedCall, query: ServiceQuery, outbound: OutboundCall): Promise<Uint8Array> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(query, outbound);
      } catch (cause) {
        await this.pause(call, attempt, toMeshError(cause));
      }
    }
  }

  private async attempt(query: ServiceQuery, outbound: OutboundCall): Promise<Uint8Array> {
    const found = this.pipeline.registry.resolve(query);
    let instances = found instanceof Promise ? await found : found;
    for (const router of this.pipeline.routers) instances = router.route(instances, query);
    if (instances.length === 0) throw noInstance(query);
    const pick = this.pipeline.balancer.pick(instances, query);
    const started = pick.done ? performance.now() : 0;
    try {
      const answer = await this.pipeline.pool.get(pick.instance).call(outbound);
      pick.done?.({ durationMs: performance.now() - started });
      return answer;
    } catch (cause) {
      const error = toMeshError(cause);
      pick.done?.({ durationMs: performance.now() - started, error });
      throw error;
    }
  }

  /** Waits until the next attempt, or throws when there is to be none. */
  private async pause(call: SitedCall, attempt: number, error: MeshError): Promise<void> {
    const { context, site } = call;
    const { reason } = context.cancellation;
    // When the time is over, the attempt can say what it was spent on.
    if (reason) throw error.code === reason.code ? error : reason;
    const delayMs = this.pipeline.retryPolicy.delayMs({
      attempt,
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

/** Filters may hand on a call that they made themselves; the site goes along. */
function withSite(
  filters: readonly ConsumerFilter[],
): { filter(call: SitedCall, next: CallNext<SitedCall>): Promise<unknown> }[] {
  return filters.map((filter) => ({
    filter: (call, next) => filter.filter(call, (changed) => next({ ...changed, site: call.site })),
  }));
}

function noInstance(query: ServiceQuery): MeshError {
  const target = (['nodeId', 'instId', 'address', 'subset'] as const)
    .filter((key) => query.target[key])
    .map((key) => `${key} ${query.target[key]}`);
  const where = target.length > 0 ? ` at ${target.join(', ')}` : '';
  const message = `no instance of '${query.service}'${where}: name one in the options 'services' or 'addresses', in MESH_DIRECT or MESH_ADDRESS, or in the call`;
  return new MeshError(MeshCode.NO_INSTANCE, message, { neverSent: true });
}

function reservedName(service: string): MeshError {
  const message = `an argument of ${service} cannot be named 'attachments': the wire keeps that name for the context`;
  return new MeshError(MeshCode.INVALID_REQUEST, message, { neverSent: true });
}

function tooLong(service: string, size: number, options: ResolvedMeshOptions): MeshError {
  const message = `the call of ${service} takes ${size} bytes, more than limits.maxMessageBytes (${options.limits.maxMessageBytes})`;
  return new MeshError(MeshCode.MESSAGE_TOO_LONG, message, { neverSent: true });
}
