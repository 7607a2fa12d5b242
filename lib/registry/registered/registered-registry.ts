import { Inject } from '@nestjs/common';
import { MeshExtension } from '../../kernel/extension.decorator.js';
import { MESH_OPTIONS, type ResolvedMeshOptions } from '../../options/mesh-options.js';
import { MeshRegistrations } from '../mesh-registrations.js';
import { calleeOf, type PartyKey, partyKey } from '../party.js';
import { RegisteredInstances } from '../registered-instances.js';
import { type Instance, REGISTRY, type Registry, type ServiceQuery } from '../registry.js';
import { StaticRegistry } from '../static/static-registry.js';

/**
 * Knows what is registered with this node, and what `static` knows. In this order:
 *
 * 1. the address that the call names, by the transport that it was registered with;
 * 2. the first fitting rule of `MESH_DIRECT`;
 * 3. the instances registered for the service, together with this very process when it provides the service;
 * 4. what options and environment say beside that.
 *
 * The same question gets the same frozen array as long as nothing has changed.
 */
@MeshExtension(REGISTRY, 'registered')
export class RegisteredRegistry implements Registry {
  private readonly own: PartyKey;
  private readonly registered: RegisteredInstances;
  /** Instances together with this very process, for as long as they are the same. */
  private readonly withSelf = new WeakMap<readonly Instance[], readonly Instance[]>();

  constructor(
    @Inject(MESH_OPTIONS) options: Pick<ResolvedMeshOptions, 'nodeId' | 'instId'>,
    @Inject(MeshRegistrations) registrations: MeshRegistrations,
    @Inject(StaticRegistry) private readonly fallback: StaticRegistry,
  ) {
    this.own = partyKey(options);
    this.registered = new RegisteredInstances(options, registrations);
  }

  /** @throws MeshError as {@link StaticRegistry} does, for what nobody has registered */
  resolve(query: ServiceQuery): readonly Instance[] {
    const { service, target, self } = query;
    if (!this.registered.knows(service)) return this.fallback.resolve(query);
    if (target.address) {
      const instances = this.registered.at(service, target.address);
      return instances.length > 0 ? instances : this.fallback.resolve(query);
    }
    if (this.fallback.isDirected(query)) return this.fallback.resolve(query);
    const instances = this.registered.find(service, target);
    if (instances.length === 0) return this.fallback.resolve(query);
    return self && calleeOf(target, this.own) === this.own ? this.together(instances, self) : instances;
  }

  private together(instances: readonly Instance[], self: Instance): readonly Instance[] {
    const known = this.withSelf.get(instances);
    if (known) return known;
    const together = Object.freeze([...instances, self]);
    this.withSelf.set(instances, together);
    return together;
  }
}
