import { defineFamily } from '../kernel/extension-family.js';
import type { RegisteredService, Registration, RegistrationKey, RegistrationKind } from './registration.js';

/** A service, and the registered instance that provides it. */
export interface RegisteredProvider {
  readonly registration: Registration;
  readonly service: RegisteredService;
  /** Where the service is reached, `host:port`. */
  readonly address: string;
}

/** What became of a registration. */
export type RegistrationChange =
  | { readonly type: 'added'; readonly registration: Registration }
  /** It says something else than before. */
  | { readonly type: 'updated'; readonly registration: Registration; readonly before: Registration }
  /** Its instance took it back, or did not renew it in time. */
  | { readonly type: 'removed'; readonly registration: Registration; readonly reason: 'withdrawn' | 'expired' };

/**
 * Keeps what instances say of themselves, for as long as they renew it. What is looked up for calls is at hand: an
 * implementation that keeps registrations elsewhere holds a copy here.
 */
export interface Registrations {
  /**
   * Takes a registration, or renews the one of its instance and kind. What is said anew takes the place of what was said.
   *
   * @throws MeshError E0000000400 when a service of it has no name, or a URN or path that is none; E0000000700 when there is no
   * room for another
   */
  put(registration: Registration): Promise<void>;
  /**
   * Takes all, or none. Of several of one instance and kind, the last counts.
   * @throws MeshError as {@link put} does
   */
  puts(registrations: readonly Registration[]): Promise<void>;
  /** Drops what an instance has registered; whether there was anything. */
  remove(key: RegistrationKey): Promise<boolean>;
  /** All that is registered, of one kind or of every one, in the order of registration. */
  export(kind?: RegistrationKind): Promise<readonly Registration[]>;
  /** What an instance has registered. */
  instance(instanceId: string): readonly Registration[];
  /**
   * Who provides a service, by its name (`mesh.trust.apply`). The answer cannot be changed, and is the same array as long as
   * nothing has changed.
   */
  providers(service: string): readonly RegisteredProvider[];
  /**
   * Who serves a path of HTTP: those of the closest pattern (`/a/b` before `/a/*`). A path that could lead elsewhere, such as
   * `/a/../b`, is served by nobody. The answer is as that of {@link providers}.
   */
  route(path: string): readonly RegisteredProvider[];
  /**
   * Tells of every change from now on, after it was made. What a watcher throws concerns nobody else.
   * @returns ends it
   */
  watch(watcher: (change: RegistrationChange) => void): () => void;
  /** Forgets everything, without telling anybody; calling it again does nothing. */
  close(): Promise<void>;
}

/** The family of what keeps registrations. The default is `memory`. */
export const REGISTRATIONS = defineFamily<Registrations>('registrations', 'memory');
