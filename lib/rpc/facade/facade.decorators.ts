import type { Type } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { MpiArgument, MpiParameters } from './facade-types.js';
import { checkFacadeOptions } from './facade-options.js';
import { defineFacade, defineMpi, type FacadeOptions } from './facade.js';
import type { StandardSchema } from './standard-schema.js';
import { type WireArgument, WireType, wireTypeOf } from './wire-type.js';

/** Settings of one method of a facade. */
export interface MpiOptions extends FacadeOptions {
  /** Wire type of the answer, where it is, or contains, bytes or 64-bit integers; or the class that has `@Wire` properties. */
  returns?: WireType<unknown> | Type;
  /** The method returns an Observable: it calls when subscribed to, and cancels when unsubscribed from. Default: a Promise. */
  observable?: true;
}

/**
 * Declares a class to be a facade: the one description of a service that provider and consumer share.
 *
 * @param options settings for all its methods
 */
export function MeshFacade(options: FacadeOptions = {}): ClassDecorator {
  return (target) => {
    checkFacadeOptions(options, target.name);
    defineFacade(target, options);
  };
}

type Method = (...args: never[]) => unknown;

type Returns<O extends MpiOptions> = O extends { observable: true } ? Observable<unknown> : Promise<unknown>;

type Fits<F, P extends readonly unknown[], O extends MpiOptions> = F extends Method
  ? Required<Parameters<F>> extends P
    ? ReturnType<F> extends Returns<O>
      ? unknown
      : 'the method must return a Promise, or an Observable when { observable: true } is given'
    : 'the arguments named in @Mpi do not fit the parameters of the method'
  : 'a property with @Mpi must be a function';

/** Decorates a facade's property whose parameters fit `P`; anything else is an error of the compiler. */
export type MpiDecorator<P extends readonly unknown[], O extends MpiOptions> = <T, K extends keyof T & string>(
  target: T & Record<K, Fits<T[K], P, O>>,
  key: K,
) => void;

/**
 * Maps a property of a facade to a service.
 *
 * @param service name of the service, such as `mesh.trust.apply`
 * @param args the names of the arguments on the wire, in the order of the method's parameters, each a string or, for
 * bytes and 64-bit integers, a {@link WireArgument} such as `bytes('data')`; or, for a method with one object as its
 * parameter, the class or the Standard Schema of that object, whose fields are the arguments
 * @param options settings of this method
 *
 * @example
 * \@Mpi('mesh.trust.apply', ['kind', 'duration']) apply!: (kind: string, duration: number) => Promise<string>;
 */
export function Mpi<O extends MpiOptions = object>(
  service: string,
  args: undefined,
  options?: O,
): MpiDecorator<readonly [] | readonly [object], O>;
export function Mpi(service: string): MpiDecorator<readonly [] | readonly [object], object>;
export function Mpi<const A extends readonly MpiArgument[], O extends MpiOptions = object>(
  service: string,
  args: A,
  options?: O,
): MpiDecorator<MpiParameters<A>, O>;
export function Mpi<D extends object, O extends MpiOptions = object>(
  service: string,
  args: Type<D> | StandardSchema<D>,
  options?: O,
): MpiDecorator<readonly [D], O>;
export function Mpi(
  service: string,
  args?: readonly MpiArgument[] | Type | StandardSchema<unknown>,
  options: MpiOptions = {},
): (target: object, key: string) => void {
  return (target, key) => {
    const where = `${target.constructor.name}.${key}`;
    checkService(service, where);
    checkFacadeOptions(options, where, ['returns', 'observable']);
    const { returns, observable, ...rest } = options;
    defineMpi(target, {
      ...rest,
      ...readArguments(args, where),
      method: key,
      service,
      returns: typeof returns === 'function' ? wireTypeOf(returns) : returns,
      observable: observable === true,
    });
  };
}

interface Arguments {
  readonly names: readonly string[] | undefined;
  readonly wire: WireType<unknown> | undefined;
  readonly dto: Type | undefined;
  readonly schema: StandardSchema<unknown> | undefined;
}

function readArguments(
  args: readonly MpiArgument[] | Type | StandardSchema<unknown> | undefined,
  where: string,
): Arguments {
  const one = { names: undefined, wire: undefined, dto: undefined, schema: undefined };
  if (args === undefined) return one;
  if (typeof args === 'function' && !('~standard' in args)) return { ...one, wire: wireTypeOf(args), dto: args };
  if ('~standard' in args) return { ...one, schema: args as StandardSchema<unknown> };
  const list = args as readonly MpiArgument[];
  const names = list.map((item) => (typeof item === 'string' ? item : item.name));
  checkNames(names, where);
  const typed = list.filter((item): item is WireArgument<unknown> => typeof item !== 'string');
  const fields = Object.fromEntries(typed.map((item) => [item.name, item.type]));
  return { ...one, names, wire: typed.length > 0 ? new WireType<unknown>({ kind: 'fields', of: fields }) : undefined };
}

const SERVICE = /^(?:\$\{[^{}\s]+\}|[A-Za-z0-9_-]+)(?:\.(?:\$\{[^{}\s]+\}|[A-Za-z0-9_-]+))+$/;

function checkService(service: string, where: string): void {
  if (SERVICE.test(service) && service.length <= 255) return;
  const message = `${where}: '${service}' is no service name; expected two or more dotted parts such as 'mesh.trust.apply'`;
  throw new MeshError(MeshCode.INVALID_REQUEST, message);
}

function checkNames(names: readonly string[], where: string): void {
  for (const [index, name] of names.entries()) {
    if (name === '' || name === '__proto__' || name === 'attachments') {
      const message = `${where}: an argument cannot be named '${name}'${name === 'attachments' ? ', the wire keeps that name for the context' : ''}`;
      throw new MeshError(MeshCode.INVALID_REQUEST, message);
    }
    if (names.indexOf(name) !== index) {
      throw new MeshError(MeshCode.INVALID_REQUEST, `${where}: two arguments are named '${name}'`);
    }
  }
}
