import type { Codec } from '../../codec/codec.js';
import type { GiveUp } from '../../context/give-up.js';
import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import { flagOfCodec } from '../../protocol/flag.js';
import { type CallNext, chainFilters, type ConsumerFilter } from '../call-filter.js';
import { revive, type WireType } from '../facade/wire-type.js';
import type { CallOptions } from './call-options.js';
import type { CallSite } from './call-site.js';
import { Delivery, type Ending, type SitedCall, type Ways } from './delivery.js';
import { openOutboundContext, type OwnSide } from './outbound-context.js';
import { RequestForms } from './request-forms.js';

/** What a call passes on its way out. */
export interface ConsumerPipeline extends Ways {
  readonly codec: Codec;
  readonly filters: readonly ConsumerFilter[];
}

/** Makes calls: filters, then their delivery; the same way for facades, clients and Nest's client proxy. */
export class MeshInvoker {
  private readonly own: OwnSide;
  private readonly forms: RequestForms;
  /** Absent where there are no filters. */
  private readonly filtered: CallNext<SitedCall> | undefined;

  constructor(
    private readonly pipeline: ConsumerPipeline,
    private readonly options: ResolvedMeshOptions,
  ) {
    const { filters, codec } = pipeline;
    const self = { nodeId: options.nodeId, instId: options.instId };
    this.own = { self, flag: flagOfCodec(codec.format) };
    this.forms = new RequestForms(codec, options);
    const deliver = (call: SitedCall): Promise<unknown> =>
      new Promise((succeeded, reject) => {
        this.deliver(call, { succeeded, failed: (cause) => reject(toMeshError(cause)) });
      });
    this.filtered = filters.length > 0 ? chainFilters<SitedCall>(withSite(filters), deliver) : undefined;
  }

  /**
   * Calls a service. It does not throw: what goes wrong rejects.
   *
   * @param args the arguments by their names on the wire
   * @param returns wire type of the answer, where it has one. Default: the site's
   * @returns the content of the answer
   * @throws MeshError what the provider answered, or why there was no answer
   */
  invoke(
    site: CallSite,
    args: Readonly<Record<string, unknown>>,
    options: CallOptions,
    returns: WireType<unknown> | undefined = site.returns,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => this.start(site, args, options, new Caller(returns, resolve, reject)));
  }

  private start(site: CallSite, args: Readonly<Record<string, unknown>>, options: CallOptions, caller: Caller): void {
    try {
      const { service } = site;
      const { context, attachments, giveUp } = openOutboundContext(site, options, this.options, this.own);
      caller.waits(service, giveUp);
      if (context.cancellation.reason) throw context.cancellation.reason;
      if (Object.hasOwn(args, 'attachments')) throw reservedName(service);
      const call: SitedCall = { service, args, target: options, context, attachments, site, returns: caller.returns };
      if (this.filtered) caller.getsFrom(Promise.resolve(this.filtered(call)));
      else this.deliver(call, caller);
    } catch (error) {
      caller.failed(error);
    }
  }

  private deliver(call: SitedCall, ending: Ending): void {
    new Delivery(call, this.pipeline, this.forms, ending).attempt();
  }
}

/** Who has made a call, and waits for it. */
class Caller implements Ending {
  private service = '';
  private giveUp: GiveUp | undefined;

  constructor(
    readonly returns: WireType<unknown> | undefined,
    private readonly resolve: (content: unknown) => void,
    private readonly reject: (error: MeshError) => void,
  ) {}

  /** From now on it may give the call up. */
  waits(service: string, giveUp: GiveUp): void {
    this.service = service;
    this.giveUp = giveUp;
  }

  /** It gets what filters answer. */
  getsFrom(answer: Promise<unknown>): void {
    answer.then(
      (content) => this.succeeded(content),
      (cause: unknown) => this.failed(cause),
    );
  }

  succeeded(content: unknown): void {
    const { returns, service } = this;
    this.giveUp?.release();
    try {
      this.resolve(returns ? revive(content, returns, `the answer of ${service}`, MeshCode.ENCODING) : content);
    } catch (error) {
      this.reject(toMeshError(error));
    }
  }

  failed(cause: unknown): void {
    this.giveUp?.release();
    this.reject(toMeshError(cause));
  }
}

/** Filters may hand on a call that they made themselves; what they do not see goes along. */
function withSite(
  filters: readonly ConsumerFilter[],
): { filter(call: SitedCall, next: CallNext<SitedCall>): Promise<unknown> }[] {
  return filters.map((filter) => ({
    filter: (call, next) =>
      filter.filter(call, (changed) => next({ ...changed, site: call.site, returns: call.returns })),
  }));
}

function reservedName(service: string): MeshError {
  const message = `an argument of ${service} cannot be named 'attachments': the wire keeps that name for the context`;
  return new MeshError(MeshCode.INVALID_REQUEST, message, { neverSent: true });
}
