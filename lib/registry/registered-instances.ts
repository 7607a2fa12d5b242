import type { ResolvedMeshOptions } from '../options/mesh-options.js';
import { PROTO_NUMBER } from '../protocol/flag.js';
import { Header } from '../protocol/headers.js';
import { LOCAL_INST_ID, LOCAL_NODE_ID, sameId } from '../protocol/urn.js';
import { admits, calleeOf, type PartyKey, partyKey } from './party.js';
import { type CallTarget, EVERY_SUBSET, type Instance } from './registry.js';
import type { RegisteredService } from './registration.js';
import type { RegisteredProvider, Registrations } from './registrations.js';

/** Questions about one service whose answers are held; they come from calls, so their number is bounded. */
const MAX_QUESTIONS = 256;

const NOBODY: readonly Instance[] = Object.freeze([]);

/** Whose a provider is, and how it is reached. */
interface Place {
  readonly owner: PartyKey;
  readonly instance: Instance;
}

/**
 * The instances that are registered with this node, as calls see them. A registration belongs to this node, unless it names
 * another than this and than the default one. The same question gets the same frozen array as long as nothing has changed.
 */
export class RegisteredInstances {
  private readonly own: PartyKey;
  /** What was made of the providers of a service, for as long as they are the same. */
  private readonly known = new WeakMap<readonly RegisteredProvider[], Map<string, readonly Instance[]>>();
  /** Providers outlive the lists that they stand in. */
  private readonly places = new WeakMap<RegisteredProvider, Place>();

  constructor(
    private readonly options: Pick<ResolvedMeshOptions, 'nodeId' | 'instId'>,
    private readonly registrations: Pick<Registrations, 'providers'>,
  ) {
    this.own = partyKey(options);
  }

  /** Whether anybody has registered a service, be it for another node. */
  knows(service: string): boolean {
    return this.registrations.providers(service).length > 0;
  }

  /** Those of a service that a target admits. */
  find(service: string, target: CallTarget): readonly Instance[] {
    const providers = this.registrations.providers(service);
    if (providers.length === 0) return NOBODY;
    const callee = calleeOf(target, this.own);
    return this.held(providers, `${callee.nodeId} ${callee.instId}`, () => this.admitted(providers, callee));
  }

  /** That of a service at a very address; none when nobody has registered the service there. */
  at(service: string, address: string): readonly Instance[] {
    const providers = this.registrations.providers(service);
    if (providers.length === 0) return NOBODY;
    return this.held(providers, `@${address}`, () => this.addressed(providers, address));
  }

  private held(
    providers: readonly RegisteredProvider[],
    key: string,
    find: () => readonly Instance[],
  ): readonly Instance[] {
    const byKey = this.known.get(providers) ?? new Map<string, readonly Instance[]>();
    this.known.set(providers, byKey);
    const found = byKey.get(key) ?? find();
    if (byKey.size < MAX_QUESTIONS) byKey.set(key, found);
    return found;
  }

  private admitted(providers: readonly RegisteredProvider[], callee: PartyKey): readonly Instance[] {
    const instances = new Map<string, Instance>();
    for (const provider of providers) {
      const { owner, instance } = this.placeOf(provider);
      if (!admits(owner, callee)) continue;
      instances.set(`${instance.transport} ${instance.address} ${instance.subset}`, instance);
    }
    return Object.freeze([...instances.values()]);
  }

  private addressed(providers: readonly RegisteredProvider[], address: string): readonly Instance[] {
    const provider = providers.find((one) => one.address === address);
    if (!provider) return NOBODY;
    return Object.freeze([Object.freeze({ ...this.placeOf(provider).instance, subset: EVERY_SUBSET })]);
  }

  private placeOf(provider: RegisteredProvider): Place {
    const known = this.places.get(provider);
    if (known) return known;
    const owner = this.ownerOf(provider);
    const place = { owner, instance: Object.freeze(this.instanceOf(provider, owner)) };
    this.places.set(provider, place);
    return place;
  }

  /** Whose an instance is. The SDKs name the default node where they do not know theirs. */
  private ownerOf({ service: { node, inst } }: RegisteredProvider): PartyKey {
    const isHere = node === '' || sameId(node, LOCAL_NODE_ID) || sameId(node, this.own.nodeId);
    const isOurs = inst === '' || sameId(inst, LOCAL_INST_ID) || sameId(inst, this.own.instId);
    return isHere && isOurs ? this.own : partyKey({ nodeId: isHere ? '' : node, instId: isOurs ? '' : inst });
  }

  private instanceOf({ registration, service, address }: RegisteredProvider, owner: PartyKey): Instance {
    const { nodeId, instId } = owner === this.own ? this.options : { nodeId: service.node, instId: service.inst };
    const subset = service.attrs[Header.SUBSET] || registration.attachments[Header.SUBSET] || '';
    return { address, transport: transportOf(service), nodeId, instId, subset };
  }
}

/** Who is reached over gRPC may say there that it speaks TCP. */
function transportOf({ proto }: RegisteredService): string {
  return proto !== 'grpc' && Object.hasOwn(PROTO_NUMBER, proto) ? proto : 'auto';
}
