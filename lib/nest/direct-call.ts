import type { Type } from '@nestjs/common';
import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PIPES_METADATA,
} from '@nestjs/common/internal';
import type { ApplicationConfig } from '@nestjs/core';
import { ExecutionContextHost, MESSAGES } from '@nestjs/core/internal';
import { PARAM_ARGS_METADATA, PATTERN_EXTRAS_METADATA } from '@nestjs/microservices/constants.js';
import { RpcExceptionsHandler } from '@nestjs/microservices/exceptions/rpc-exceptions-handler.js';
import { RpcParamtype } from '@nestjs/microservices/enums/rpc-paramtype.enum.js';
import { catchError, isObservable, type Observable } from 'rxjs';
import type { MeshContext } from '../context/mesh-context.js';
import { lastValue } from './call-handler.js';
import { FailureObserver } from './failure-observer.js';

/** Calls a controller's method: the answer, or a Promise of it. */
export type DirectCall = (args: unknown, context: MeshContext) => unknown;

/** What a handler's pattern says of the method that it stands at. @internal */
export interface HandlerPlace {
  readonly controller: Type;
  readonly method: string;
}

/** What Nest knows of an application. */
export interface NestParts {
  /** What is bound globally. `undefined` where there may be several of it: then nobody knows which one counts. */
  readonly config: ApplicationConfig | undefined;
  /** The controllers of a class. */
  controllers(type: Type): readonly ControllerWrapper[];
}

/** What Nest keeps of a controller. */
export interface ControllerWrapper {
  readonly instance: unknown;
  isDependencyTreeStatic(): boolean;
}

type Method = (this: unknown, ...values: unknown[]) => unknown;
type Source = (args: unknown, context: MeshContext) => unknown;

/**
 * The method behind a handler, to be called as Nest would call it, where nothing is bound to it: no guard, pipe, interceptor,
 * filter or hook, neither globally nor to its class, itself or a parameter; a controller that is made once; parameters that are
 * the payload or the context. Nest decides what is bound when it registers the handler, and so does this.
 *
 * @returns `undefined` where anything is bound, or it is not known whether anything is: then the call is Nest's
 */
export function directCall({ controller, method }: HandlerPlace, nest: NestParts): DirectCall | undefined {
  const { config } = nest;
  const [wrapper, ...others] = nest.controllers(controller);
  if (!config || hasGlobals(config) || !wrapper || others.length > 0 || !wrapper.isDependencyTreeStatic())
    return undefined;
  const { instance } = wrapper;
  const found: unknown = Reflect.get(controller.prototype as object, method);
  if (!isOf(instance, controller) || typeof found !== 'function') return undefined;
  if (isEnhanced(controller) || isEnhanced(found) || !hasOnlyOurFilter(controller, found)) return undefined;
  const sources = parametersOf(controller, method);
  return sources && caller(instance, found as Method, sources);
}

/** Whether what Nest registers is the very method that a pattern was set on. @internal */
export function standsAt({ controller, method }: HandlerPlace, mpi: unknown): boolean {
  const found: unknown = Reflect.get(controller.prototype as object, method);
  if (typeof found !== 'function') return false;
  const extras = Reflect.getMetadata(PATTERN_EXTRAS_METADATA, found) as { readonly mpi?: unknown } | undefined;
  return extras?.mpi === mpi;
}

function isOf(instance: unknown, controller: Type): instance is object {
  if (typeof instance !== 'object' || instance === null) return false;
  return Object.getPrototypeOf(instance) === controller.prototype && instance.constructor === controller;
}

function hasGlobals(config: ApplicationConfig): boolean {
  return [
    config.getGlobalGuards(),
    config.getGlobalPipes(),
    config.getGlobalInterceptors(),
    config.getGlobalFilters().filter((filter) => !(filter instanceof FailureObserver)),
    config.getGlobalRequestGuards(),
    config.getGlobalRequestPipes(),
    config.getGlobalRequestInterceptors(),
    config.getGlobalRequestFilters(),
    config.getGlobalPreRequestHooks(),
  ].some((bound) => bound.length > 0);
}

function isEnhanced(target: object): boolean {
  return [GUARDS_METADATA, PIPES_METADATA, INTERCEPTORS_METADATA].some((key) => listOf(key, target).length > 0);
}

function hasOnlyOurFilter(controller: object, method: object): boolean {
  const filters = [...listOf(EXCEPTION_FILTERS_METADATA, controller), ...listOf(EXCEPTION_FILTERS_METADATA, method)];
  return filters.every((filter) => filter === FailureObserver);
}

function listOf(key: string, target: object): readonly unknown[] {
  return (Reflect.getMetadata(key, target) as readonly unknown[] | undefined) ?? [];
}

interface ParameterMetadata {
  readonly index: number;
  readonly data?: unknown;
  readonly pipes?: readonly unknown[];
  readonly schema?: unknown;
  readonly factory?: unknown;
}

/** Where each parameter comes from, by its index; `undefined` when one is anything but the payload or the context. */
function parametersOf(controller: object, method: string): readonly (Source | undefined)[] | undefined {
  const metadata = Reflect.getMetadata(PARAM_ARGS_METADATA, controller, method) as
    Readonly<Record<string, ParameterMetadata>> | undefined;
  if (!metadata) return undefined;
  const sources: (Source | undefined)[] = [];
  for (const [key, parameter] of Object.entries(metadata)) {
    const source = sourceOf(key, parameter);
    if (!source) return undefined;
    while (sources.length < parameter.index) sources.push(undefined);
    sources[parameter.index] = source;
  }
  return sources.length > 0 ? sources : undefined;
}

function sourceOf(key: string, { index, data, pipes = [], schema, factory }: ParameterMetadata): Source | undefined {
  if (pipes.length > 0 || schema !== undefined || factory !== undefined) return undefined;
  if (key === `${RpcParamtype.CONTEXT}:${index}`) return (_, context) => context;
  if (key !== `${RpcParamtype.PAYLOAD}:${index}`) return undefined;
  if (!data) return (args) => args;
  return typeof data === 'string' ? (args) => (args as Readonly<Record<string, unknown>>)[data] : undefined;
}

function caller(instance: object, method: Method, sources: readonly (Source | undefined)[]): DirectCall {
  return (args, context) => {
    const values: unknown[] = [];
    for (let at = 0; at < sources.length; at++) values.push(sources[at]?.(args, context));
    let result: unknown;
    try {
      result = Reflect.apply(method, instance, values);
    } catch (error) {
      throw failure(error);
    }
    if (typeof result !== 'object' || result === null) return result;
    if (isPromise(result)) return settled(result, context);
    return isObservable(result) ? lastOf(result, context) : result;
  };
}

function settled(result: PromiseLike<unknown>, context: MeshContext): PromiseLike<unknown> {
  return result.then(
    (value) => (isObservable(value) ? lastOf(value, context) : value),
    (error: unknown) => {
      throw failure(error);
    },
  );
}

function lastOf(result: Observable<unknown>, context: MeshContext): Promise<unknown> {
  const told = catchError((error: unknown): never => {
    throw failure(error);
  });
  return lastValue(result.pipe(told), context);
}

function isPromise(value: object): value is PromiseLike<unknown> {
  return 'then' in value && typeof value.then === 'function';
}

const byDefault = new RpcExceptionsHandler();

/** What is told of a failure; Nest's default filter logs it, where it does not know it. */
function failure(error: unknown): unknown {
  byDefault.handle(error as Error, new ExecutionContextHost([]));
  return error === undefined ? { status: 'error', message: MESSAGES.UNKNOWN_EXCEPTION_MESSAGE } : error;
}
