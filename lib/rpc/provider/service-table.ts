import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { parseUrn } from '../../protocol/urn.js';
import type { ProviderService } from './provider-service.js';

/** URNs whose parsing is remembered. They come from peers, so their number is bounded; beyond, they are parsed each time. */
const MAX_URNS = 4_096;

/** What a URN calls. */
export interface CalledService {
  readonly provider: ProviderService;
  /** The URN itself. */
  readonly urn: string;
  /** Node that the URN names, in lower case. */
  readonly nodeId: string;
  /** Number of the codec in the flag of the URN. */
  readonly codec: string;
}

/** The error for a service that nobody here provides, or that is not served where a call came in: the caller cannot tell. */
export function noProvider(service: string): MeshError {
  return new MeshError(MeshCode.NO_SERVICE, `nobody here provides '${service}'`);
}

/** The services that this process provides, found by URN. */
export class ServiceTable {
  /** Grows when services are added: what was found before may be another's now. */
  revision = 0;
  private readonly byName = new Map<string, ProviderService>();
  private readonly fallbacks = new Map<string, ProviderService>();
  private readonly byUrn = new Map<string, CalledService>();

  /** @throws MeshError E0000000400 when another provider has the service already */
  add(service: ProviderService): void {
    const rival = this.byName.get(service.service);
    if (rival) {
      const message = `two providers claim the service '${service.service}': ${rival.provider} and ${service.provider}`;
      throw new MeshError(MeshCode.INVALID_REQUEST, message);
    }
    this.byName.set(service.service, service);
    this.byUrn.clear();
    this.revision++;
  }

  /** Serves this where nobody {@link add}s a provider of the same service. */
  addFallback(service: ProviderService): void {
    this.fallbacks.set(service.service, service);
    this.revision++;
  }

  /** Whether the application provides a service of this name. */
  has(name: string): boolean {
    return this.byName.has(name);
  }

  /** Whether a service of this name is served, be it by what stands in where the application provides none. */
  serves(name: string): boolean {
    return this.byName.has(name) || this.fallbacks.has(name);
  }

  /** All services that the application provides, by name. */
  list(): readonly ProviderService[] {
    return [...this.byName.values()].sort((a, b) => (a.service < b.service ? -1 : 1));
  }

  /** All services served by RPC, also those that stand in where the application provides none. */
  listAll(): readonly ProviderService[] {
    return [...new Map([...this.fallbacks, ...this.byName]).values()];
  }

  /**
   * The service that a URN calls. Only the name counts: a consumer may know this node by another id, or by none.
   *
   * @throws MeshError E0000000400 when the URN is missing or malformed, E0000000617 when nobody here provides the service
   */
  find(urn: string | undefined): CalledService {
    if (urn === undefined || urn === '') {
      throw new MeshError(MeshCode.INVALID_REQUEST, "the header 'mesh-urn' is missing: it names the service to call");
    }
    const known = this.byUrn.get(urn);
    if (known) return known;
    const { name, nodeId, flag } = parseUrn(urn);
    const provider = this.byName.get(name) ?? this.fallbacks.get(name);
    if (!provider) throw noProvider(name);
    const called = { provider, urn, nodeId, codec: flag.codec };
    if (this.byUrn.size < MAX_URNS) this.byUrn.set(urn, called);
    return called;
  }
}
