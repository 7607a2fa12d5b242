import { fileURLToPath } from 'node:url';
import type { RpcVector } from '../support/vectors.js';

/** Where the recorded calls are. */
export const RPC_VECTORS = fileURLToPath(new URL('../support/vectors/rpc.json', import.meta.url));

/** The answer of a provider. */
export interface Answer {
  /** The status code. */
  readonly code: string;
  /** For people. */
  readonly message?: string;
  /** The result, of a success. */
  readonly content?: unknown;
  /** Of a failure: an object, or nothing. */
  readonly cause?: unknown;
}

/** A string, or an integer of so many digits that a `number` may lose some. */
const STRING_OR_LARGE_INTEGER = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;

/** Reads JSON so that large integers compare by their digits: they become strings such as `9007199254740993n`. */
export function parseExactly(text: string): Record<string, unknown> {
  const marked = text.replaceAll(STRING_OR_LARGE_INTEGER, (token) => (token.startsWith('"') ? token : `"${token}n"`));
  return JSON.parse(marked) as Record<string, unknown>;
}

/** What is compared of an answer: code and content; of a failure its message too, where it is the provider's own. */
export function essence({ code, content, message }: Answer): Answer {
  if (code === 'E0000000000') return { code, content };
  return OWN_MESSAGES.has(code) ? { code, message } : { code };
}

/** Failures whose message is what the provider's method said. */
const OWN_MESSAGES: ReadonlySet<string> = new Set(['E0000000500', 'E0000000403']);

/**
 * What our provider is to answer to a recorded request. The reference answers E0000000500 to a request that is no JSON;
 * ours says what is wrong with it.
 */
export function expectedAnswer(vector: RpcVector): Answer {
  if (vector.case === 'malformed request') return { code: 'E0000000616' };
  return essence(JSON.parse(vector.reply) as Answer);
}
