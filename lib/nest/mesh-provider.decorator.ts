import { Controller, type Type, UseFilters } from '@nestjs/common';
import { CONTROLLER_WATERMARK, PARAMTYPES_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/internal';
import { MessagePattern, Payload } from '@nestjs/microservices';
import {
  PATTERN_EXTRAS_METADATA,
  PATTERN_HANDLER_METADATA,
  PATTERN_METADATA,
  TRANSPORT_METADATA,
} from '@nestjs/microservices/constants.js';
import { RpcParamtype } from '@nestjs/microservices/enums/rpc-paramtype.enum.js';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import { type MpiDefinition, readFacade } from '../rpc/facade/facade.js';
import type { HandlerPlace } from './direct-call.js';
import { FailureObserver } from './failure-observer.js';
import { DEFAULT_MESH, meshTransport } from './mesh-transport.js';

const PATTERN_KEYS: ReadonlySet<unknown> = new Set([
  PATTERN_METADATA,
  PATTERN_HANDLER_METADATA,
  PATTERN_EXTRAS_METADATA,
  TRANSPORT_METADATA,
]);

/** Settings of {@link MeshProvider}. */
export interface MeshProviderOptions {
  /** Name of the mesh that serves it, in an application with several. Default: the default mesh. */
  mesh?: string;
}

/** What a handler's pattern carries, for the server that registers it. @internal */
export interface MeshHandlerExtras {
  readonly mpi?: MpiDefinition;
  readonly provider?: string;
  /** The method that serves it. */
  readonly place?: HandlerPlace;
}

/**
 * Makes a class a controller that provides a facade: each method of the facade is served by the class's method of the
 * same name, with Nest's guards, pipes, interceptors and filters as everywhere. Parameters without a decorator are the
 * facade's arguments in their order; `@Payload()`, `@Ctx()` and custom parameter decorators work as in any controller.
 *
 * @param facade a class marked with `@MeshFacade`
 * @throws MeshError E0000000400 when the class lacks a method of the facade, or the method serves another pattern already
 */
export function MeshProvider(facade: Type, options: MeshProviderOptions = {}): ClassDecorator {
  return (target) => {
    const controller = target as Function & { readonly prototype: object };
    const { name, methods } = readFacade(facade);
    for (const mpi of methods) provide(controller, name, mpi, options.mesh ?? DEFAULT_MESH);
    if (!Reflect.hasOwnMetadata(CONTROLLER_WATERMARK, controller)) Controller()(controller);
    UseFilters(FailureObserver)(controller);
  };
}

function provide(
  controller: Function & { readonly prototype: object },
  facade: string,
  mpi: MpiDefinition,
  mesh: string,
): void {
  const { prototype } = controller;
  const found: unknown = Reflect.get(prototype, mpi.method);
  if (typeof found !== 'function') {
    const message = `${controller.name} provides ${facade}, but has no method '${mpi.method}'`;
    throw new MeshError(MeshCode.INVALID_REQUEST, message);
  }
  const handler = ownHandler(prototype, mpi.method, found);
  const other = (Reflect.getMetadata(PATTERN_METADATA, handler) as readonly unknown[] | undefined)?.[0];
  if (other !== undefined) {
    const message = `${controller.name}.${mpi.method} cannot serve '${mpi.service}' of ${facade}: it serves '${String(other)}' already`;
    throw new MeshError(MeshCode.INVALID_REQUEST, message);
  }
  bindParameters(prototype, mpi);
  const place: HandlerPlace = { controller: controller as Type, method: mpi.method };
  const extras: MeshHandlerExtras = { mpi, provider: `${controller.name}.${mpi.method}`, place };
  MessagePattern(mpi.service, meshTransport(mesh), { ...extras })(prototype, mpi.method, { value: handler });
}

/** Nest notes patterns on the function itself, so a method that several classes inherit becomes a function of each. */
function ownHandler(prototype: object, method: string, found: Function): Function {
  if (Object.hasOwn(prototype, method)) return found;
  const own = function (this: unknown, ...values: unknown[]): unknown {
    return Reflect.apply(found, this, values);
  };
  for (const key of Reflect.getMetadataKeys(found) as unknown[]) {
    if (!PATTERN_KEYS.has(key)) Reflect.defineMetadata(key, Reflect.getMetadata(key, found), own);
  }
  Object.defineProperty(own, 'name', { value: method });
  Object.defineProperty(prototype, method, { value: own, writable: true, configurable: true });
  return own;
}

/** Gives the parameters that have no decorator the facade's arguments, and the validation pipe the types it needs. */
function bindParameters(prototype: object, mpi: MpiDefinition): void {
  const decorated = decoratedParameters(prototype, mpi.method);
  if (mpi.names) {
    for (const [index, name] of mpi.names.entries()) {
      if (!decorated.has(index)) Payload(name)(prototype, mpi.method, index);
    }
  } else if (!decorated.has(0)) {
    (mpi.schema ? Payload({ schema: mpi.schema }) : Payload())(prototype, mpi.method, 0);
  }
  const types = [...((Reflect.getMetadata(PARAMTYPES_METADATA, prototype, mpi.method) as unknown[] | undefined) ?? [])];
  if (mpi.dto && !decorated.has(0)) types[0] = mpi.dto;
  // A class as the type of a context parameter would make ValidationPipe copy the context as if it were a payload.
  for (const [index, type] of decorated) if (type === RpcParamtype.CONTEXT) types[index] = Object;
  if (types.length > 0) Reflect.defineMetadata(PARAMTYPES_METADATA, types, prototype, mpi.method);
}

/** The parameters that have a decorator: their index, and the kind of decorator (`NaN` for a custom one). */
function decoratedParameters(prototype: object, method: string): Map<number, number> {
  const metadata = (Reflect.getMetadata(ROUTE_ARGS_METADATA, prototype.constructor, method) ?? {}) as Record<
    string,
    { readonly index: number }
  >;
  return new Map(Object.entries(metadata).map(([key, { index }]) => [index, Number(key.split(':')[0])]));
}
