import type { Type } from '@nestjs/common';
import { Observable } from 'rxjs';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { MpiDefinition } from '../facade/facade.js';
import { type CallOptions, mergeCallOptions } from './call-options.js';
import type { CallSite } from './call-site.js';

/** A facade's method, ready to be called. */
export interface BoundMethod {
  readonly definition: MpiDefinition;
  readonly site: CallSite;
}

/** How a facade client makes its calls. */
export type Invoke = (
  site: CallSite,
  args: Readonly<Record<string, unknown>>,
  options: CallOptions,
) => Promise<unknown>;

/** What a facade client is made of. */
export interface FacadeBinding {
  readonly facade: Type;
  readonly methods: readonly BoundMethod[];
  readonly options: CallOptions;
  readonly invoke: Invoke;
}

const BINDING = Symbol('nestjs-mesh:binding');

/** Makes the object that is injected for a facade: an instance of its class whose methods call. */
export function createFacadeClient<T extends object>(binding: FacadeBinding): T {
  const client = Object.create(binding.facade.prototype as object) as Record<PropertyKey, unknown>;
  for (const { definition, site } of binding.methods) {
    client[definition.method] = (...values: unknown[]) => {
      const call = (options: CallOptions) => start(binding, definition, site, values, options);
      return definition.observable ? observe(call, binding.options) : call(binding.options);
    };
  }
  Object.defineProperty(client, BINDING, { value: binding });
  return client as T;
}

/** Makes a call; whatever is wrong with it rejects, and nothing throws. */
function start(
  { invoke }: FacadeBinding,
  definition: MpiDefinition,
  site: CallSite,
  values: readonly unknown[],
  options: CallOptions,
): Promise<unknown> {
  try {
    return invoke(site, nameArguments(definition, values), options);
  } catch (error) {
    return Promise.reject(error as Error);
  }
}

/**
 * The binding of a facade client.
 * @throws MeshError E0000000400 when the object is none
 */
export function bindingOf(client: object): FacadeBinding {
  const binding = (client as { [BINDING]?: FacadeBinding })[BINDING];
  if (binding) return binding;
  const message = `only a client injected with @MeshConsumer can be directed, got ${client.constructor?.name ?? typeof client}`;
  throw new MeshError(MeshCode.INVALID_REQUEST, message);
}

function nameArguments(definition: MpiDefinition, values: readonly unknown[]): Record<string, unknown> {
  const { names } = definition;
  if (names === undefined) return fieldsOfArgument(definition, values[0]);
  const args: Record<string, unknown> = {};
  for (let i = 0; i < names.length; i++) args[names[i]!] = values[i];
  return args;
}

function fieldsOfArgument(definition: MpiDefinition, value: unknown): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  const message = `${definition.method} takes one object, whose fields are the arguments of '${definition.service}', got ${typeof value}`;
  throw new MeshError(MeshCode.INVALID_REQUEST, message);
}

function observe(call: (options: CallOptions) => Promise<unknown>, options: CallOptions): Observable<unknown> {
  return new Observable((subscriber) => {
    const caller = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, caller.signal]) : caller.signal;
    call({ ...options, signal }).then(
      (value) => {
        subscriber.next(value);
        subscriber.complete();
      },
      (error: unknown) => subscriber.error(error),
    );
    return () => caller.abort();
  });
}

/** The same client with other options. */
export function withOptions<T extends object>(client: T, options: CallOptions): T {
  const binding = bindingOf(client);
  return createFacadeClient<T>({ ...binding, options: mergeCallOptions(binding.options, options) });
}
