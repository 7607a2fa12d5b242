import { CODEC, type Codec } from './codec/codec.js';
import type { ExtensionRegistry } from './kernel/extension-registry.js';

/** Name of the codec of what is JSON by the protocol, whatever RPC is written by. */
const JSON_NAME = 'json';

/** What reads and writes the paths that are JSON by the protocol: registration and administration. That of RPC where there is no JSON. */
export function jsonCodec(extensions: ExtensionRegistry): Codec {
  return extensions.get(CODEC, extensions.names(CODEC).includes(JSON_NAME) ? JSON_NAME : undefined);
}
