import type { InjectionToken, Type } from '@nestjs/common';
import type { CallTarget } from '../registry/registry.js';
import { DEFAULT_MESH } from './mesh-transport.js';

/** What distinguishes one injected client of a facade from another. */
export interface ConsumerOptions extends CallTarget {
  /** Name of the mesh to call through, in an application with several. */
  readonly mesh?: string;
  /** Deadline of each call, in ms. */
  readonly timeoutMs?: number;
  /** Travels beside the arguments of each call. */
  readonly attachments?: Readonly<Record<string, string>>;
}

/** A client that some class asked for. */
export interface ConsumerRequest {
  readonly token: InjectionToken;
  readonly mesh: string;
  readonly options: Omit<ConsumerOptions, 'mesh'>;
}

const REQUESTS = Symbol('nestjs-mesh:consumer-requests');

/**
 * Notes on the facade that a client with these options is wanted, so that `MeshModule.forFeature` provides it.
 *
 * @returns the token under which it will be provided
 */
export function requestConsumer(facade: Type, options: ConsumerOptions): InjectionToken {
  const { mesh = DEFAULT_MESH, ...rest } = options;
  if (mesh === DEFAULT_MESH && Object.keys(rest).length === 0) return facade;
  const key = `MeshConsumer:${facade.name}:${mesh}:${canonical(rest)}`;
  const known = (Reflect.getOwnMetadata(REQUESTS, facade) as Map<string, ConsumerRequest> | undefined) ?? new Map();
  const request = known.get(key) ?? { token: Symbol(key), mesh, options: rest };
  Reflect.defineMetadata(REQUESTS, known.set(key, request), facade);
  return request.token;
}

/** The clients of a facade to provide in a mesh: the plain one, and those asked for. */
export function consumerRequests(facade: Type, mesh: string): readonly ConsumerRequest[] {
  const known = Reflect.getOwnMetadata(REQUESTS, facade) as Map<string, ConsumerRequest> | undefined;
  const wanted = [...(known?.values() ?? [])].filter((request) => request.mesh === mesh);
  if (mesh === DEFAULT_MESH) wanted.unshift({ token: facade, mesh, options: {} });
  return wanted;
}

function canonical(options: object): string {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
