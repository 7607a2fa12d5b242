import type { Observable } from 'rxjs';
import type { WireArgument } from './wire-type.js';

/** An argument of `@Mpi`: its name on the wire, or its name with a wire type. */
export type MpiArgument = string | WireArgument<unknown>;

/** The parameters that a list of arguments asks for: as many, and of the wire types' types where one is given. */
export type MpiParameters<A extends readonly MpiArgument[]> = {
  -readonly [I in keyof A]: A[I] extends WireArgument<infer V> ? V : unknown;
};

/** What a facade method returns. */
export type MpiAnswer = Promise<unknown> | Observable<unknown>;

/** The value inside of what a facade method returns. */
export type MpiValue<F> = F extends (...args: never[]) => Promise<infer R> | Observable<infer R> ? R : never;

/**
 * What a provider of a facade implements: each method with the facade's parameters (and more behind them, such as
 * `@Ctx() context: MeshContext`), returning the value, a Promise or an Observable of it. Of an Observable the last value
 * is the answer.
 */
export type MeshService<T extends object> = {
  [K in keyof T as T[K] extends (...args: never[]) => MpiAnswer ? K : never]: T[K] extends (
    ...args: infer P
  ) => MpiAnswer
    ? (...args: [...P, ...rest: never[]]) => MpiValue<T[K]> | Promise<MpiValue<T[K]>> | Observable<MpiValue<T[K]>>
    : never;
};
