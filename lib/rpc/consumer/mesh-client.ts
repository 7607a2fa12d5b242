import type { Type } from '@nestjs/common';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import { readFacade } from '../facade/facade.js';
import type { WireType } from '../facade/wire-type.js';
import type { CallOptions } from './call-options.js';
import { CallSite } from './call-site.js';
import { type BoundMethod, createFacadeClient } from './facade-client.js';
import type { MeshInvoker } from './invoker.js';

/** Services kept by name for {@link MeshClient.call}. */
const MAX_SITES = 1_024;

const NO_OPTIONS: CallOptions = Object.freeze({});

/** How a call by name differs from the default. */
export interface ServiceCallOptions<T> extends CallOptions {
  /** Wire type of the answer, where it is, or contains, bytes or 64-bit integers. */
  readonly returns?: WireType<T>;
}

/** Calls services: through facades, or by name. Inject it where the service is known only at run time. */
export class MeshClient {
  private readonly sites = new Map<string, CallSite>();

  /** @internal provided by `MeshModule` */
  constructor(
    private readonly invoker: () => MeshInvoker,
    private readonly options: ResolvedMeshOptions,
  ) {}

  /**
   * A client of a facade; what `@MeshConsumer` injects.
   *
   * @param facade a class marked with `@MeshFacade`
   * @param options for all its calls, such as a fixed target
   * @throws MeshError E0000000400 when the class is no facade
   */
  facade<T extends object>(facade: Type<T>, options: CallOptions = {}): T {
    const methods = readFacade(facade).methods.map((definition): BoundMethod => ({
      definition,
      site: new CallSite(definition.service, this.options.domain, definition),
    }));
    const invoke = (site: CallSite, args: Readonly<Record<string, unknown>>, over: CallOptions) =>
      this.invoker().invoke(site, args, over);
    return createFacadeClient<T>({ facade, methods, options, invoke });
  }

  /**
   * Calls a service by its name.
   *
   * @param service such as `mesh.trust.apply`
   * @param args the arguments by their names on the wire
   * @returns the content of the answer; nobody checks that it is a `T` beyond what `returns` says
   * @throws MeshError what the provider answered, or why there was no answer
   */
  call<T = unknown>(
    service: string,
    args: Readonly<Record<string, unknown>>,
    options: ServiceCallOptions<T> = NO_OPTIONS,
  ): Promise<T> {
    if (options.returns === undefined) return this.invoke(service, args, options) as Promise<T>;
    const { returns, ...directed } = options;
    return this.invoke(service, args, directed, returns) as Promise<T>;
  }

  private invoke(
    service: string,
    args: Readonly<Record<string, unknown>>,
    options: CallOptions,
    returns?: WireType<unknown>,
  ): Promise<unknown> {
    try {
      return this.invoker().invoke(this.site(service), args, options, returns);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  private site(service: string): CallSite {
    const known = this.sites.get(service);
    if (known) return known;
    const site = new CallSite(service, this.options.domain);
    if (this.sites.size < MAX_SITES) this.sites.set(service, site);
    return site;
  }
}
