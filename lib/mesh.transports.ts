import type { ExtensionEntry } from './kernel/extension-registry.js';
import type { ResolvedMeshOptions } from './options/mesh-options.js';
import { TRANSPORT } from './transport/transport.js';

/** What `auto` chooses between. */
const CHOICES: ReadonlySet<string> = new Set(['grpc', 'tcp']);

/**
 * Has `auto` be what `grpc` is where there is nothing to choose: gRPC was chosen for everything, or the application has a `grpc` or
 * a `tcp` of its own, and nothing is to go past that.
 */
export function settleAuto(
  found: Iterable<ExtensionEntry>,
  { use }: Pick<ResolvedMeshOptions, 'use'>,
): readonly ExtensionEntry[] {
  const entries = [...found];
  const transports = entries.filter(({ family }) => family === TRANSPORT.name);
  const own = transports.filter(({ name, builtin }) => !builtin && CHOICES.has(name));
  const grpc = [...own, ...transports].find(({ name }) => name === 'grpc');
  if (!grpc || (own.length === 0 && use[TRANSPORT.name] !== 'grpc')) return entries;
  return entries.map((entry) => (isAuto(entry) ? { ...entry, instance: grpc.instance } : entry));
}

function isAuto({ family, name, builtin }: ExtensionEntry): boolean {
  return family === TRANSPORT.name && name === 'auto' && builtin;
}
