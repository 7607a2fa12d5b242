import type { InjectionToken, Type } from '@nestjs/common';
import { address, milliseconds, partyId, subsetName, text, type Check } from '../options/checks.js';
import { isRecord, readObject } from '../options/option-reader.js';
import { Problems } from '../options/problems.js';
import type { CallTarget } from '../registry/registry.js';
import { readFacade } from '../rpc/facade/facade.js';
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
 * @throws MeshError E0000000400 when the class is no facade, or an option is wrong
 */
export function requestConsumer(facade: Type, options: ConsumerOptions): InjectionToken {
  const { name } = readFacade(facade);
  const { mesh = DEFAULT_MESH, ...rest } = readOptions(name, options);
  const wanted = canonical(rest);
  if (mesh === DEFAULT_MESH && wanted === '[]') return facade;
  const key = `MeshConsumer:${name}:${mesh}:${wanted}`;
  const known = (Reflect.getOwnMetadata(REQUESTS, facade) as Map<string, ConsumerRequest> | undefined) ?? new Map();
  const request = known.get(key) ?? { token: Symbol(key), mesh, options: rest };
  Reflect.defineMetadata(REQUESTS, known.set(key, request), facade);
  return request.token;
}

/** The clients of a facade to provide in a mesh: the plain one, and those asked for. */
export function consumerRequests(facade: Type, mesh: string): readonly ConsumerRequest[] {
  requestConsumer(facade, { mesh });
  const known = Reflect.getOwnMetadata(REQUESTS, facade) as Map<string, ConsumerRequest> | undefined;
  const wanted = [...(known?.values() ?? [])].filter((request) => request.mesh === mesh);
  if (mesh === DEFAULT_MESH) wanted.unshift({ token: facade, mesh, options: {} });
  return wanted;
}

const meshName = text(/^\S{1,128}$/, 'the name of a mesh');

const attachments: Check<Readonly<Record<string, string>>> = (value, name, problems) => {
  if (isRecord(value) && Object.values(value).every((one) => typeof one === 'string')) {
    return value as Readonly<Record<string, string>>;
  }
  return problems.refuse(name, 'an object of strings', value);
};

function readOptions(facade: string, options: ConsumerOptions): ConsumerOptions {
  const problems = new Problems();
  const read = readObject(`@MeshConsumer(${facade})`, options, problems, (reader) => ({
    mesh: reader.takeOptional('mesh', meshName),
    nodeId: reader.takeOptional('nodeId', partyId),
    instId: reader.takeOptional('instId', partyId),
    address: reader.takeOptional('address', address),
    subset: reader.takeOptional('subset', subsetName),
    timeoutMs: reader.takeOptional('timeoutMs', milliseconds(1)),
    attachments: reader.takeOptional('attachments', attachments),
  }));
  problems.throwIfAny();
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined));
}

function canonical(options: object): string {
  const entries = Object.entries(options);
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
