import { existsSync } from 'node:fs';
import type { ResolvedMeshOptions } from '../options/mesh-options.js';
import type { ResolvedListener } from '../options/listen-options.js';
import { isRecord } from '../options/option-reader.js';
import { formatAddress } from '../options/parse-address.js';
import type { Merged, Values } from './layers.js';
import { joinPath } from '../options/files/option-path.js';
import type { Settings } from './settings.js';

const SECRET = /(?:key|token|secret|password|passphrase)$/i;
const PLAIN = /^(?!(?:true|false|null|yes|no|on|off|y|n)$)[A-Za-z][\w./@-]*$/i;
const COLUMN = 56;

/**
 * Writes the effective configuration as YAML, which is a configuration file itself, with where each value comes from beside it.
 * Secrets are hidden: keys, tokens and whatever is PEM; the path of a file that holds one is none.
 */
export function effectiveText(settings: Settings, { whoSaid }: Merged): string {
  return linesOf(effectiveOptions(settings), '', '', whoSaid).join('\n');
}

/** The options as one would write them, with everything filled in. */
export function effectiveOptions({ resolved, logLevel }: Settings): Values {
  const {
    listen: _listen,
    listeners,
    mount: _mount,
    direct: _direct,
    limits: { maxBodyBytes: _maxBodyBytes, ...limits },
    services,
    partners,
    registry,
    node,
    ...plain
  } = resolved;
  const [first] = listeners;
  return {
    ...plain,
    limits,
    listen: first?.option === 'listen' ? listener(first) : listeners.map(listener),
    services: services.map(withoutEmpty),
    partners: partners.map(partner),
    node: node && nodeOf(node),
    registry: registry ? registration(registry) : false,
    logLevel,
  };
}

function listener({ option: _, ...said }: ResolvedListener): Values {
  return said;
}

function partner({ addresses, contentType, ...said }: ResolvedMeshOptions['partners'][number]): Values {
  const { transport } = said;
  return withoutEmpty({ ...said, address: addresses, contentType: transport === 'http' ? contentType : '' });
}

function nodeOf({ administration, routes, ...said }: NonNullable<ResolvedMeshOptions['node']>): Values {
  return withoutEmpty({ ...said, administration: withoutEmpty(administration), routes: withoutEmpty(routes) });
}

function registration({ addresses, advertise, ...said }: NonNullable<ResolvedMeshOptions['registry']>): Values {
  const { host, port } = advertise;
  return withoutEmpty({ ...said, address: addresses, advertise: port === 0 ? host : formatAddress(advertise) });
}

/** What is optional is an empty text where it was left out. */
function withoutEmpty(values: object): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
}

function linesOf(value: unknown, path: string, indent: string, whoSaid: Merged['whoSaid']): readonly string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, place) => {
      const at = joinPath(path, place);
      if (!isNested(item)) return [commented(`${indent}- ${scalar(item, path)}`, at, whoSaid)];
      const [first = '', ...others] = linesOf(item, at, `${indent}  `, whoSaid);
      return [`${indent}- ${first.trimStart()}`, ...others];
    });
  }
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = joinPath(path, key);
    if (inner === undefined) return [];
    if (!isNested(inner)) return [commented(`${indent}${scalar(key, '')}: ${scalar(inner, key)}`, at, whoSaid)];
    return [`${indent}${scalar(key, '')}:`, ...linesOf(inner, at, `${indent}  `, whoSaid)];
  });
}

/** What is empty stands in one line. */
function isNested(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : isRecord(value) && Object.keys(value).length > 0;
}

function scalar(value: unknown, key: string): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  const shown = isSecret(value, key) ? '(hidden)' : value;
  return PLAIN.test(shown) ? shown : JSON.stringify(shown);
}

function isSecret(value: string, key: string): boolean {
  if (value.includes('-----BEGIN')) return true;
  return SECRET.test(key) && value !== '' && !existsSync(value);
}

/** A value without an origin is a default. */
function commented(line: string, path: string, whoSaid: Merged['whoSaid']): string {
  const where = whoSaid(path) ?? 'default';
  return where === 'default' ? line : `${line.padEnd(COLUMN)} # ${where}`;
}
