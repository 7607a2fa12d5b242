import { Inject, Logger } from '@nestjs/common';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { MeshExtension } from '../../kernel/extension.decorator.js';
import { MESH_OPTIONS, type ResolvedMeshOptions } from '../../options/mesh-options.js';
import { DEFAULT_NODE_REGISTRY, type ResolvedNodeRegistry } from '../../options/node-options.js';
import { completeAddress } from '../../options/parse-address.js';
import type { Registration, RegistrationKey, RegistrationKind, RegisteredService } from '../registration.js';
import { sizeOf } from '../registration.js';
import {
  type RegisteredProvider,
  type RegistrationChange,
  REGISTRATIONS,
  type Registrations,
} from '../registrations.js';
import { sameRegistration } from '../same-registration.js';
import { addressOf } from '../service-names.js';
import { type Expiring, ExpiryQueue } from './expiry-queue.js';
import { findByPath } from './path-lookup.js';
import { ProviderIndex } from './provider-index.js';

/** The SDKs renew when the lifetime is over, not before: a part of it, and at most so many ms, is added. */
const GRACE = { part: 6, mostMs: 5_000 };

/**
 * Keeps registrations in the memory of this process, within bounds. A registration ends when its lifetime is over by a sixth,
 * at most 5 s.
 */
@MeshExtension(REGISTRATIONS, 'memory')
export class MemoryRegistrations implements Registrations {
  private readonly logger = new Logger(MemoryRegistrations.name);
  private readonly bounds: ResolvedNodeRegistry;
  private readonly byInstance = new Map<string, Map<RegistrationKind, Held>>();
  private readonly services = new ProviderIndex();
  private readonly paths = new ProviderIndex();
  private readonly watchers = new Set<{ readonly tell: (change: RegistrationChange) => void }>();
  private readonly expiries = new ExpiryQueue<Held>((held) => this.drop(held, 'expired'));
  private size = 0;
  private state: 'open' | 'closed' = 'open';

  constructor(@Inject(MESH_OPTIONS) options: Pick<ResolvedMeshOptions, 'node'>) {
    this.bounds = options.node?.registry ?? DEFAULT_NODE_REGISTRY;
  }

  put(registration: Registration): Promise<void> {
    return this.puts([registration]);
  }

  async puts(registrations: readonly Registration[]): Promise<void> {
    if (this.state === 'closed') throw new MeshError(MeshCode.UNREACHABLE, 'the registry is closed');
    const latest = new Map(registrations.map((one) => [`${one.kind} ${one.instanceId}`, one]));
    const plan = [...latest.values()].map((registration) => this.planOf(this.grant(registration)));
    this.refuseWithoutRoom(plan);
    for (const step of plan) this.take(step);
  }

  async remove({ instanceId, kind }: RegistrationKey): Promise<boolean> {
    const kinds = this.byInstance.get(instanceId);
    if (!kinds) return false;
    const held = [...kinds.values()].filter(({ said }) => kind === undefined || said.registration.kind === kind);
    for (const one of held) {
      this.expiries.delete(one);
      this.drop(one, 'withdrawn');
    }
    return held.length > 0;
  }

  async export(kind?: RegistrationKind): Promise<readonly Registration[]> {
    const all = [...this.byInstance.keys()].flatMap((instanceId) => this.instance(instanceId));
    return kind === undefined ? all : all.filter((registration) => registration.kind === kind);
  }

  instance(instanceId: string): readonly Registration[] {
    const kinds = this.byInstance.get(instanceId);
    return kinds ? [...kinds.values()].map(({ said }) => said.registration) : [];
  }

  providers(service: string): readonly RegisteredProvider[] {
    return this.services.find(service);
  }

  route(path: string): readonly RegisteredProvider[] {
    return findByPath(this.paths, path);
  }

  watch(watcher: (change: RegistrationChange) => void): () => void {
    const entry = { tell: watcher };
    this.watchers.add(entry);
    return () => this.watchers.delete(entry);
  }

  async close(): Promise<void> {
    this.state = 'closed';
    this.expiries.clear();
    this.byInstance.clear();
    this.services.clear();
    this.paths.clear();
    this.watchers.clear();
    this.size = 0;
  }

  /** No lifetime is longer than the options allow. */
  private grant(registration: Registration): Registration {
    const lifetimeMs = Math.min(registration.lifetimeMs, this.bounds.maxLifetimeMs);
    return lifetimeMs === registration.lifetimeMs ? registration : { ...registration, lifetimeMs };
  }

  private planOf(registration: Registration): Step {
    const held = this.byInstance.get(registration.instanceId)?.get(registration.kind);
    const isRenewal = held !== undefined && sameRegistration(held.said.registration, registration);
    return { held, said: isRenewal ? held.said : this.listingOf(registration) };
  }

  private refuseWithoutRoom(plan: readonly Step[]): void {
    let count = this.expiries.size;
    let size = this.size;
    for (const { held, said } of plan) {
      if (!held) count++;
      size += said.size - (held?.said.size ?? 0);
    }
    const { maxRegistrations, maxBytes } = this.bounds;
    const isMore = count > this.expiries.size && count > maxRegistrations;
    if (isMore) throw full(`${maxRegistrations} registrations`, 'node.registry.maxRegistrations');
    if (size > this.size && size > maxBytes) throw full(`${maxBytes} bytes`, 'node.registry.maxBytes');
  }

  private take({ held, said }: Step): void {
    const expiresAt = performance.now() + endOf(said.registration);
    if (!held) return this.add({ said, expiresAt, place: 0 });
    this.expiries.move(held, expiresAt);
    if (said === held.said) return;
    const { registration: before } = held.said;
    this.unlist(held);
    held.said = said;
    this.list(held);
    this.tell({ type: 'updated', registration: said.registration, before });
  }

  private add(held: Held): void {
    const { registration } = held.said;
    const kinds = this.byInstance.get(registration.instanceId) ?? new Map<RegistrationKind, Held>();
    this.byInstance.set(registration.instanceId, kinds.set(registration.kind, held));
    this.list(held);
    this.expiries.add(held);
    this.tell({ type: 'added', registration });
  }

  /** Drops what is no longer among those that expire. */
  private drop(held: Held, reason: 'withdrawn' | 'expired'): void {
    const { registration } = held.said;
    const kinds = this.byInstance.get(registration.instanceId);
    kinds?.delete(registration.kind);
    if (kinds?.size === 0) this.byInstance.delete(registration.instanceId);
    this.unlist(held);
    this.tell({ type: 'removed', registration, reason });
  }

  private list({ said }: Held): void {
    this.size += said.size;
    for (const { index, name, provider } of said.entries) index.add(name, provider);
  }

  private unlist({ said }: Held): void {
    this.size -= said.size;
    for (const { index, name, provider } of said.entries) index.delete(name, provider);
  }

  private listingOf(registration: Registration): Listing {
    const entries = registration.services.map((service, index) => this.entryOf(registration, service, index));
    return { registration, size: sizeOf(registration), entries };
  }

  private entryOf(registration: Registration, service: RegisteredService, position: number): Entry {
    const found = addressOf(registration.kind, service, `registration.content.services[${position}]`);
    // An application says where it is; what stands for others says it of each of their services.
    const own = registration.kind === 'metadata' ? undefined : completeAddress(service.address);
    const provider = { registration, service, address: own ?? registration.address };
    return found.by === 'path'
      ? { index: this.paths, name: found.pattern, provider }
      : { index: this.services, name: found.name, provider };
  }

  private tell(change: RegistrationChange): void {
    const watchers = [...this.watchers];
    for (const { tell } of watchers) {
      try {
        tell(change);
      } catch (error) {
        this.logger.error('a watcher of registrations failed', error);
      }
    }
  }
}

/** A registration while it holds. */
interface Held extends Expiring {
  said: Listing;
}

/** What an instance said, and where its services are listed. */
interface Listing {
  readonly registration: Registration;
  readonly size: number;
  readonly entries: readonly Entry[];
}

/** What a registration will do: nothing but renew, where what it says is what was said. */
interface Step {
  readonly held: Held | undefined;
  readonly said: Listing;
}

interface Entry {
  readonly index: ProviderIndex;
  readonly name: string;
  readonly provider: RegisteredProvider;
}

function endOf({ lifetimeMs }: Registration): number {
  return lifetimeMs + Math.min(lifetimeMs / GRACE.part, GRACE.mostMs);
}

function full(bound: string, option: string): MeshError {
  return new MeshError(MeshCode.BUFFER_FULL, `the registry has no room for more than ${bound} (${option})`);
}
