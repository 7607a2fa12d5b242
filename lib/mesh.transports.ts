import type { ExtensionEntry } from './kernel/extension-registry.js';
import { TRANSPORT } from './transport/transport.js';

/** What `auto` chooses between. */
const CHOICES: ReadonlySet<string> = new Set(['grpc', 'tcp']);

/** Where an application has a `grpc` or a `tcp` of its own, nothing goes past that: `auto` is then what its `grpc` is. */
export function respectOwnTransports(found: Iterable<ExtensionEntry>): readonly ExtensionEntry[] {
  const entries = [...found];
  const transports = entries.filter(({ family }) => family === TRANSPORT.name);
  const own = transports.filter(({ name, builtin }) => !builtin && CHOICES.has(name));
  const grpc = [...own, ...transports].find(({ name }) => name === 'grpc');
  if (own.length === 0 || !grpc) return entries;
  return entries.map((entry) => (isChoice(entry) ? { ...entry, instance: grpc.instance } : entry));
}

function isChoice({ family, name, builtin }: ExtensionEntry): boolean {
  return family === TRANSPORT.name && name === 'auto' && builtin;
}
