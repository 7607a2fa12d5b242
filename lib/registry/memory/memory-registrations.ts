import { isDeepStrictEqual } from 'node:util';
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
    const granted = registrations.map((registration) => this.grant(registration));
    this.refuseWithoutRoom(granted);
    for (const registration of granted) this.take(registration);
  }

  async remove({ instanceId, kind }: RegistrationKey): Promise<boolean> {
    const kinds = this.byInstance.get(instanceId);
    if (!kinds) return false;
    const held = [...kinds.values()].filter(({ registration }) => kind === undefined || registration.kind === kind);
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
    return kinds ? [...kinds.values()].map(({ registration }) => registration) : [];
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

  private refuseWithoutRoom(registrations: readonly Registration[]): void {
    if (this.state === 'closed') throw new MeshError(MeshCode.UNREACHABLE, 'the registry is closed');
    const latest = new Map(registrations.map((one) => [`${one.kind} ${one.instanceId}`, one]));
    let count = this.expiries.size;
    let size = this.size;
    for (const registration of latest.values()) {
      const held = this.find(registration);
      if (!held) count++;
      size += sizeOf(registration) - (held?.size ?? 0);
    }
    const { maxRegistrations, maxBytes } = this.bounds;
    const isMore = count > this.expiries.size && count > maxRegistrations;
    if (isMore) throw full(`${maxRegistrations} registrations`, 'node.registry.maxRegistrations');
    if (size > this.size && size > maxBytes) throw full(`${maxBytes} bytes`, 'node.registry.maxBytes');
  }

  private take(registration: Registration): void {
    const expiresAt = performance.now() + endOf(registration);
    const held = this.find(registration);
    if (!held) return this.add(registration, expiresAt);
    this.expiries.move(held, expiresAt);
    const before = held.registration;
    if (isDeepStrictEqual(before, registration)) return;
    this.unlist(held);
    this.list(held, registration);
    this.tell({ type: 'updated', registration, before });
  }

  private add(registration: Registration, expiresAt: number): void {
    const held: Held = { registration, expiresAt, place: 0, size: 0, entries: [] };
    const kinds = this.byInstance.get(registration.instanceId) ?? new Map<RegistrationKind, Held>();
    this.byInstance.set(registration.instanceId, kinds.set(registration.kind, held));
    this.list(held, registration);
    this.expiries.add(held);
    this.tell({ type: 'added', registration });
  }

  /** Drops what is no longer among those that expire. */
  private drop(held: Held, reason: 'withdrawn' | 'expired'): void {
    const { registration } = held;
    const kinds = this.byInstance.get(registration.instanceId);
    kinds?.delete(registration.kind);
    if (kinds?.size === 0) this.byInstance.delete(registration.instanceId);
    this.unlist(held);
    this.tell({ type: 'removed', registration, reason });
  }

  private list(held: Held, registration: Registration): void {
    held.registration = registration;
    held.size = sizeOf(registration);
    held.entries = registration.services.map((service, index) => this.entryOf(registration, service, index));
    this.size += held.size;
    for (const { index, name, provider } of held.entries) index.add(name, provider);
  }

  private unlist(held: Held): void {
    this.size -= held.size;
    for (const { index, name, provider } of held.entries) index.delete(name, provider);
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

  private find({ instanceId, kind }: Registration): Held | undefined {
    return this.byInstance.get(instanceId)?.get(kind);
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
  registration: Registration;
  size: number;
  /** Where its services are listed. */
  entries: readonly Entry[];
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
