import type { MeshContext } from '../context/mesh-context.js';
import { defineFamily } from '../kernel/extension-family.js';
import type { CallTarget } from '../registry/registry.js';

/** The rest of a call: the filters behind, then the call itself. */
export type CallNext<C> = (call: C) => Promise<unknown>;

/**
 * Something that a call passes, on its way out and on its way back. A filter may look, change what it hands to `next`,
 * answer by itself, repeat, or throw a `MeshError`. Filters run by priority, the highest outermost, both sides alike.
 */
export interface CallFilter<C> {
  filter(call: C, next: CallNext<C>): Promise<unknown>;
}

/** A call as consumer filters see it: once for each call, whatever the number of attempts. */
export interface ConsumerCall {
  /** Name of the service, such as `mesh.trust.apply`. */
  readonly service: string;
  /** The arguments by their names on the wire. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly target: CallTarget;
  /** The context of this call, a child of the one around it. */
  readonly context: MeshContext;
  /** What will travel beside the arguments; a filter may add to it. Without a prototype. */
  readonly attachments: Record<string, string>;
}

/** A call as provider filters see it, before Nest's guards, pipes and interceptors. */
export interface ProviderCall {
  /** Name of the service, such as `mesh.trust.apply`. */
  readonly service: string;
  /** The arguments by their names on the wire, decoded. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly context: MeshContext;
}

/** A filter of outgoing calls. */
export type ConsumerFilter = CallFilter<ConsumerCall>;

/** A filter of incoming calls. */
export type ProviderFilter = CallFilter<ProviderCall>;

/** The family of consumer filters. All are used, in order. */
export const CONSUMER_FILTER = defineFamily<ConsumerFilter>('consumer-filter');

/** The family of provider filters. All are used, in order. */
export const PROVIDER_FILTER = defineFamily<ProviderFilter>('provider-filter');

/** One function out of a chain of filters and what they lead to. */
export function chainFilters<C>(filters: readonly CallFilter<C>[], last: CallNext<C>): CallNext<C> {
  return filters.reduceRight<CallNext<C>>((next, filter) => (call) => filter.filter(call, next), last);
}
