import type { PlacedValue } from '../../options/files/file-content.js';
import { readWrittenFile } from '../../options/files/read-file.js';
import { nearest } from '../../options/nearest.js';
import { isRecord } from '../../options/option-reader.js';
import { NO_DETAILS, type PartnerRoute } from './partner-route.js';
import { type PlacedRoutes, readPlacedRoutes, type RouteCheck, type RouteList } from './placed-routes.js';
import { writeRoute } from './write-route.js';

/** Longest file of routes, in bytes. */
const MAX_BYTES = 16 * 1_024 * 1_024;

/** Fields that others have in their routes, and that say nothing here. */
const OTHER_FIELDS = [
  'create_at',
  'create_by',
  'update_at',
  'update_by',
  'category',
  'tls_algo',
  'measurement',
  'security',
  'chunk_size',
  'timeout',
];

const SNAKE_FIELDS = Object.keys(
  writeRoute({
    nodeId: '',
    instId: '',
    addresses: [],
    transport: 'grpc',
    mode: 'wrapped',
    dialect: '',
    contentType: '',
    timeoutMs: 0,
    via: 'invoke',
    origin: 'file',
    details: NO_DETAILS,
  }),
);
const CAMEL_FIELDS = SNAKE_FIELDS.map((name) =>
  name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
);
const FIELDS: ReadonlySet<string> = new Set([...SNAKE_FIELDS, ...CAMEL_FIELDS, ...OTHER_FIELDS]);

/**
 * Reads a file of routes, in YAML or JSON as its name ends: a list of partners as the options have them, or of routes as they stand
 * on the wire; or an object that has that list under `partners`.
 *
 * @param check what else is to be seen to
 */
export function readRoutesFile(path: string, check: RouteCheck<PartnerRoute>): PlacedRoutes {
  const content = readWrittenFile(path, 'the file of routes', MAX_BYTES);
  if ('problems' in content) return content;
  const list = listOf(content);
  if ('problems' in list) return list;
  const read = readPlacedRoutes(list, { item: strangeFields, route: check });
  return 'problems' in read ? read : { routes: read.routes.map((route) => ({ ...route, origin: 'file' })) };
}

function listOf({ value, locate }: PlacedValue): RouteList | { readonly problems: readonly string[] } {
  if (Array.isArray(value)) return { items: value, path: [], locate };
  if (!isRecord(value) || !Array.isArray(value['partners'])) {
    return {
      problems: [`${locate([])}: a list of partners is expected, by itself or under 'partners'; [] is for none`],
    };
  }
  const { partners, ...others } = value;
  const strange = Object.keys(others).map((key) => `${locate([key])}: unknown key '${key}'; known: partners`);
  return strange.length > 0 ? { problems: strange } : { items: partners, path: ['partners'], locate };
}

/** A field that nobody reads is a mistake here: somebody has written it. */
function strangeFields(item: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const strange = Object.keys(item).filter((key) => !FIELDS.has(key));
  return strange.map((key) => {
    const meant = nearest(key, [...CAMEL_FIELDS, ...SNAKE_FIELDS]);
    return `unknown option '${name}.${key}'${meant === undefined ? '' : ` (did you mean '${meant}'?)`}`;
  });
}
