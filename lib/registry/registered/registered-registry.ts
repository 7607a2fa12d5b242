import { Inject } from '@nestjs/common';
import { MeshExtension } from '../../kernel/extension.decorator.js';
import { MESH_OPTIONS, type ResolvedMeshOptions } from '../../options/mesh-options.js';
import { Header } from '../../protocol/headers.js';
import { PROTO_NUMBER } from '../../protocol/flag.js';
import { LOCAL_INST_ID, LOCAL_NODE_ID, sameId } from '../../protocol/urn.js';
import { MeshRegistrations } from '../mesh-registrations.js';
import { admits, calleeOf, type PartyKey, partyKey } from '../party.js';
import { EVERY_SUBSET, type Instance, REGISTRY, type Registry, type ServiceQuery } from '../registry.js';
import type { RegisteredProvider } from '../registrations.js';
import { StaticRegistry } from '../static/static-registry.js';

/**
 * Knows what is registered with this node, and what `static` knows. In this order:
 *
 * 1. the address that the call names, by the transport that it was registered with;
 * 2. the first fitting rule of `MESH_DIRECT`;
 * 3. the instances registered for the service, together with this very process when it provides the service;
 * 4. what options and environment say beside that.
 *
 * A registration belongs to this node, unless it names another than this and than the default one. The same question gets the
 * same frozen array as long as nothing has changed.
 */
@MeshExtension(REGISTRY, 'registered')
export class RegisteredRegistry implements Registry {
  private readonly own: PartyKey;
  /** What was made of the providers of a service, for as long as they are the same. */
  private readonly known = new WeakMap<readonly RegisteredProvider[], Map<string, Found>>();

  /** Providers outlive the lists that they stand in. */
  private readonly places = new WeakMap<RegisteredProvider, Place>();

  constructor(
    @Inject(MESH_OPTIONS) private readonly options: Pick<ResolvedMeshOptions, 'nodeId' | 'instId'>,
    @Inject(MeshRegistrations) private readonly registrations: MeshRegistrations,
    @Inject(StaticRegistry) private readonly fallback: StaticRegistry,
  ) {
    this.own = partyKey(options);
  }

  /** @throws MeshError as {@link StaticRegistry} does, for what nobody has registered */
  resolve(query: ServiceQuery): readonly Instance[] {
    const { service, target, self } = query;
    const providers = this.registrations.providers(service);
    if (providers.length === 0) return this.fallback.resolve(query);
    if (target.address) {
      const { instances } = this.found(providers, `@${target.address}`, () => this.at(target.address, providers));
      return instances.length > 0 ? instances : this.fallback.resolve(query);
    }
    if (this.fallback.isDirected(query)) return this.fallback.resolve(query);
    const callee = calleeOf(target, this.own);
    const key = `${callee.nodeId} ${callee.instId}`;
    const found = this.found(providers, key, () => this.admitted(providers, callee));
    if (found.instances.length === 0) return this.fallback.resolve(query);
    if (!self || callee !== this.own) return found.instances;
    return (found.withSelf ??= Object.freeze([...found.instances, self]));
  }

  private found(providers: readonly RegisteredProvider[], key: string, find: () => readonly Instance[]): Found {
    const byKey = this.known.get(providers) ?? new Map<string, Found>();
    this.known.set(providers, byKey);
    const found = byKey.get(key) ?? { instances: find(), withSelf: undefined };
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

  private at(address: string | undefined, providers: readonly RegisteredProvider[]): readonly Instance[] {
    const provider = providers.find((one) => one.address === address);
    if (!provider) return [];
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
    const transport = Object.hasOwn(PROTO_NUMBER, service.proto) ? service.proto : 'grpc';
    return { address, transport, nodeId, instId, subset };
  }
}

/** Whose a provider is, and how it is reached. */
interface Place {
  readonly owner: PartyKey;
  readonly instance: Instance;
}

/** What was made of the providers of a service for one question. */
interface Found {
  readonly instances: readonly Instance[];
  withSelf: readonly Instance[] | undefined;
}

/** Questions about one service whose answers are held; they come from calls, so their number is bounded. */
const MAX_QUESTIONS = 256;
