import { isRecord } from '../options/option-reader.js';
import { formatPath, joinPath, type OptionPath, parsePath } from '../options/files/option-path.js';

/** Options by name, not yet checked. */
export type Values = Readonly<Record<string, unknown>>;

/** What one source says of the configuration. */
export interface Layer {
  readonly values: Values;
  /** Where it says so, for messages: `--port`, `MESH_PORT`, `node.yaml:7`. */
  locate(path: OptionPath): string;
}

/** What a configuration file says, or what is wrong with it, one sentence each. */
export type LayerContent = { readonly layer: Layer } | { readonly problems: readonly string[] };

/** What several sources say together, and which of them said what. */
export interface Merged {
  readonly values: Values;
  /** Where an option was said, or what stands closest around or within it; `undefined` when nobody spoke of it. */
  whereIs(path: string): string | undefined;
  /** Where this very option was said, or the list that it is an item of. */
  whoSaid(path: string): string | undefined;
}

/**
 * Puts layers upon each other, the weakest first. Objects are joined; whatever else is said, lists too, replaces what was said
 * before. An object upon several listeners is about the first of them.
 */
export function mergeLayers(layers: readonly Layer[]): Merged {
  const origins = new Map<string, Layer>();
  let values: unknown = {};
  for (const layer of layers) values = lay(layer.values, values, '', { layer, origins });
  return {
    values: isRecord(values) ? values : {},
    whereIs: (path) => originOf(path, origins)?.locate(parsePath(path)),
    whoSaid: (path) => (origins.get(path) ?? origins.get(path.replace(/\[\d+\]$/, '')))?.locate(parsePath(path)),
  };
}

interface Laying {
  readonly layer: Layer;
  readonly origins: Map<string, Layer>;
}

function lay(above: unknown, below: unknown, path: string, laying: Laying): unknown {
  if (path === 'listen' && Array.isArray(below) && isRecord(above)) {
    const [first, ...others] = below as unknown[];
    return [lay(above, first, 'listen[0]', laying), ...others];
  }
  if (!isRecord(above)) {
    forget(path, laying.origins);
    remember(above, path, laying);
    return above;
  }
  if (!isRecord(below)) {
    forget(path, laying.origins);
    laying.origins.set(path, laying.layer);
  }
  // By entries, not by assignment: a key may be __proto__, which the options then refuse by name.
  const joined = new Map<string, unknown>(isRecord(below) ? Object.entries(below) : []);
  for (const [key, value] of Object.entries(above)) {
    joined.set(key, lay(value, joined.get(key), joinPath(path, key), laying));
  }
  return Object.fromEntries(joined);
}

function remember(value: unknown, path: string, laying: Laying): void {
  laying.origins.set(path, laying.layer);
  if (!Array.isArray(value) && !isRecord(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    remember(inner, joinPath(path, Array.isArray(value) ? Number(key) : key), laying);
  }
}

function forget(path: string, origins: Map<string, Layer>): void {
  for (const known of origins.keys()) if (isWithin(known, path)) origins.delete(known);
}

function originOf(path: string, origins: ReadonlyMap<string, Layer>): Layer | undefined {
  const steps = parsePath(path);
  for (let length = steps.length; length > 0; length--) {
    const around = formatPath(steps.slice(0, length));
    const inner = [...origins.keys()].find((known) => isWithin(known, around));
    const found = origins.get(around) ?? (inner === undefined ? undefined : origins.get(inner));
    if (found) return found;
  }
  return undefined;
}

function isWithin(path: string, around: string): boolean {
  return path === around || path.startsWith(`${around}.`) || path.startsWith(`${around}[`);
}
