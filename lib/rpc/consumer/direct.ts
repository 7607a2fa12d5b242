import { lastValueFrom, type Observable } from 'rxjs';
import { toMeshError } from '../../errors/from-unknown.js';
import type { MeshError } from '../../errors/mesh-error.js';
import type { CallTarget } from '../../registry/registry.js';
import type { MpiAnswer, MpiValue } from '../facade/facade-types.js';
import type { CallOptions } from './call-options.js';
import { bindingOf, withOptions } from './facade-client.js';

/**
 * Directs the calls made through a facade: to a node, an institution, an address, a subset; with a deadline, a signal,
 * attachments. The client given stays as it is.
 *
 * @param client what `@MeshConsumer` injected
 * @throws MeshError E0000000400 when it is not such a client
 *
 * @example
 * await direct(this.tokenizer, { nodeId: 'LX0000010000290', timeoutMs: 500 }).verify(token);
 */
export function direct<T extends object>(client: T, options: CallOptions): T {
  return withOptions(client, options);
}

/** How the call to one of many targets ended. */
export type DirectedResult<R> =
  | { readonly target: CallTarget; readonly value: R; readonly error?: undefined }
  | { readonly target: CallTarget; readonly error: MeshError; readonly value?: undefined };

/** A facade whose methods call many targets at once, and always resolve, with one result for each in their order. */
export type DirectedMany<T extends object> = {
  [K in keyof T as T[K] extends (...args: never[]) => MpiAnswer ? K : never]: T[K] extends (
    ...args: infer P
  ) => MpiAnswer
    ? (...args: P) => Promise<DirectedResult<MpiValue<T[K]>>[]>
    : never;
};

/**
 * Directs calls to many targets at once.
 *
 * @param client what `@MeshConsumer` injected
 * @param targets where each call goes; a target may have options of its own
 * @param options for all of them
 *
 * @example
 * const results = await directMany(this.tokenizer, [{ nodeId: 'LX…1' }, { nodeId: 'LX…2' }]).verify(token);
 */
export function directMany<T extends object>(
  client: T,
  targets: readonly CallOptions[],
  options: CallOptions = {},
): DirectedMany<T> {
  const clients = targets.map((target) => withOptions(withOptions(client, options), target));
  const many: Record<string, unknown> = {};
  for (const { definition } of bindingOf(client).methods) {
    many[definition.method] = (...values: unknown[]) =>
      Promise.all(
        clients.map((one, index) => settle(targets[index]!, Reflect.get(one, definition.method) as Call, values)),
      );
  }
  return many as DirectedMany<T>;
}

type Call = (...values: unknown[]) => Promise<unknown> | Observable<unknown>;

async function settle(target: CallTarget, call: Call, values: unknown[]): Promise<DirectedResult<unknown>> {
  try {
    const answer = call(...values);
    return { target, value: await (answer instanceof Promise ? answer : lastValueFrom(answer)) };
  } catch (error) {
    return { target, error: toMeshError(error) };
  }
}
