import type { MeshContext } from '../../context/mesh-context.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { WireHeaders } from '../../transport/transport.js';

/** A call of a built-in service. */
export interface BuiltinCall {
  readonly context: MeshContext;
  /** The headers that it came with. */
  readonly headers: WireHeaders;
}

/** A service that comes with the package, and is called like any other. */
export interface BuiltinService {
  /** Its name, such as `mesh.net.environ`. */
  readonly service: string;
  /** Serves a call. What it throws becomes the answer. */
  invoke(args: Readonly<Record<string, unknown>>, call: BuiltinCall): unknown;
}

/**
 * An argument that is a text; empty when it is absent or null.
 *
 * @throws MeshError E0000000400 when it is something else
 */
export function textArgument(args: Readonly<Record<string, unknown>>, name: string): string {
  const value = args[name] ?? '';
  if (typeof value === 'string') return value;
  throw new MeshError(MeshCode.INVALID_REQUEST, `the argument '${name}' must be a text`);
}

/** Most entries of an argument that is a list or a map. */
const MAX_ENTRIES = 64;

/** Longest text within such an argument, in characters. */
const MAX_TEXT = 256;

/**
 * An argument that is a list of texts; empty when it is absent or null.
 *
 * @throws MeshError E0000000400 when it is something else, or too long
 */
export function textsArgument(args: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const value = args[name] ?? [];
  if (Array.isArray(value) && value.length <= MAX_ENTRIES && value.every(isShort)) return value;
  throw refused(name, 'a list');
}

/**
 * An argument that is a map of texts. Some SDKs send a list instead: an element `name=value` is an entry.
 *
 * @throws MeshError E0000000400 when it is neither, or too long
 */
export function mapArgument(args: Readonly<Record<string, unknown>>, name: string): ReadonlyMap<string, string> {
  const value = args[name] ?? {};
  if (Array.isArray(value)) return new Map(textsArgument(args, name).map(entryOf));
  const entries: [string, unknown][] = typeof value === 'object' ? Object.entries(value) : [];
  if (typeof value !== 'object' || entries.length > MAX_ENTRIES || !entries.flat().every(isShort)) {
    throw refused(name, 'a map');
  }
  return new Map(entries as [string, string][]);
}

function entryOf(text: string): [string, string] {
  const sign = text.indexOf('=');
  return sign < 0 ? [text, ''] : [text.slice(0, sign), text.slice(sign + 1)];
}

function isShort(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT;
}

function refused(name: string, what: string): MeshError {
  const bounds = `of at most ${MAX_ENTRIES} texts, each of at most ${MAX_TEXT} characters`;
  return new MeshError(MeshCode.INVALID_REQUEST, `the argument '${name}' must be ${what} ${bounds}`);
}
