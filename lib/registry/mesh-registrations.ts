import type { Registration, RegistrationKey, RegistrationKind } from './registration.js';
import type { RegisteredProvider, RegistrationChange, Registrations } from './registrations.js';

/**
 * What is registered with this application, if it is a node: inject it to look something up, or to watch. It may be used from
 * `onModuleInit` on.
 */
export class MeshRegistrations implements Registrations {
  /** @internal provided by `MeshModule` */
  constructor(private readonly used: () => Registrations) {}

  put(registration: Registration): Promise<void> {
    return this.used().put(registration);
  }

  puts(registrations: readonly Registration[]): Promise<void> {
    return this.used().puts(registrations);
  }

  remove(key: RegistrationKey): Promise<boolean> {
    return this.used().remove(key);
  }

  export(kind?: RegistrationKind): Promise<readonly Registration[]> {
    return this.used().export(kind);
  }

  instance(instanceId: string): readonly Registration[] {
    return this.used().instance(instanceId);
  }

  providers(service: string): readonly RegisteredProvider[] {
    return this.used().providers(service);
  }

  route(path: string): readonly RegisteredProvider[] {
    return this.used().route(path);
  }

  watch(watcher: (change: RegistrationChange) => void): () => void {
    return this.used().watch(watcher);
  }

  /** Does nothing: the mesh closes its registrations itself. */
  async close(): Promise<void> {}
}
