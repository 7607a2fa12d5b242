import type { Type } from '@nestjs/common';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { StandardSchema } from './standard-schema.js';
import type { WireType } from './wire-type.js';

/** Settings of a facade; those of a method win over them. */
export interface FacadeOptions {
  /** Deadline of each call, in ms. Default: the mesh's `timeoutMs`. */
  timeoutMs?: number;
  /** Whether calls may be repeated although they may have arrived. Default `false`. */
  idempotent?: boolean;
  /** Attempts after the first, for calls that may be repeated. Default: the mesh's `retry.retries`. */
  retries?: number;
}

/** What `@Mpi` declared about one method. */
export interface MpiDefinition extends FacadeOptions {
  /** Name of the facade's property. */
  readonly method: string;
  /** Name of the service, such as `mesh.trust.apply`. */
  readonly service: string;
  /** Names of the positional arguments; `undefined` when the method takes one object whose fields are the arguments. */
  readonly names: readonly string[] | undefined;
  /** Wire types of the arguments, by name; `undefined` when none has one. */
  readonly wire: WireType<unknown> | undefined;
  /** Class of the one object, for validation. */
  readonly dto: Type | undefined;
  /** Standard Schema of the one object, for validation. */
  readonly schema: StandardSchema<unknown> | undefined;
  /** Wire type of the answer. */
  readonly returns: WireType<unknown> | undefined;
  /** Whether the method returns an Observable instead of a Promise. */
  readonly observable: boolean;
}

/** A facade as read from its class. */
export interface FacadeDefinition {
  readonly name: string;
  readonly methods: readonly MpiDefinition[];
}

const OPTIONS = Symbol('nestjs-mesh:facade');
const METHODS = Symbol('nestjs-mesh:mpi');

/** @internal */
export function defineFacade(facade: object, options: FacadeOptions): void {
  Reflect.defineMetadata(OPTIONS, options, facade);
}

/** @internal */
export function defineMpi(prototype: object, definition: MpiDefinition): void {
  const declared = (Reflect.getMetadata(METHODS, prototype) as readonly MpiDefinition[] | undefined) ?? [];
  const others = declared.filter((other) => other.method !== definition.method);
  Reflect.defineMetadata(METHODS, [...others, definition], prototype);
}

/**
 * Reads a facade's declaration.
 *
 * @throws MeshError E0000000400 when the class is no facade, declares no method, leaves one without `@Mpi`, or names one
 * service twice
 */
export function readFacade(facade: Type): FacadeDefinition {
  if (typeof facade !== 'function') throw refuse(notAClass(facade));
  const options = Reflect.getMetadata(OPTIONS, facade) as FacadeOptions | undefined;
  if (!options) throw refuse(`${facade.name} is no facade: mark the class with @MeshFacade()`);
  const methods = (Reflect.getMetadata(METHODS, facade.prototype as object) as readonly MpiDefinition[]) ?? [];
  if (methods.length === 0)
    throw refuse(`the facade ${facade.name} declares no method: mark its properties with @Mpi()`);
  for (const member of membersOf(facade)) {
    if (!methods.some((method) => method.method === member)) {
      throw refuse(`the facade ${facade.name} leaves '${member}' without @Mpi()`);
    }
  }
  for (const [index, method] of methods.entries()) {
    const earlier = methods.slice(0, index).find((other) => other.service === method.service);
    if (earlier) {
      throw refuse(`${facade.name}.${method.method} and .${earlier.method} both claim the service '${method.service}'`);
    }
  }
  return { name: facade.name, methods: methods.map((method) => ({ ...definedOnly(options), ...definedOnly(method) })) };
}

/** Fields show on an instance, methods on the prototypes. */
function membersOf(facade: Type): Set<string> {
  const members = new Set(facade.length === 0 ? Object.keys(new facade() as object) : []);
  for (let proto = facade.prototype as object; proto !== Object.prototype; proto = Object.getPrototypeOf(proto)) {
    for (const name of Object.getOwnPropertyNames(proto)) if (name !== 'constructor') members.add(name);
  }
  return members;
}

function notAClass(given: unknown): string {
  const hint = given === undefined ? '; do two files import each other?' : '';
  return `a facade must be a class marked with @MeshFacade(), got ${given === null ? 'null' : typeof given}${hint}`;
}

function definedOnly<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

function refuse(message: string): MeshError {
  return new MeshError(MeshCode.INVALID_REQUEST, message);
}
