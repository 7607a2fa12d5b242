import { parseArgs, type ParseArgsConfig } from 'node:util';
import { nearest } from '../options/nearest.js';
import { CONFIG, type Flag, FLAGS, SET, SWITCHES } from './flags.js';
import type { Layer, Values } from './layers.js';

/** What the command line asks for. */
export interface Arguments {
  /** The first that applies: help, version, check, run. */
  readonly command: 'help' | 'version' | 'check' | 'run';
  /** Path of the configuration file that `--config` names. */
  readonly config: string | undefined;
  /** What flags say of the options, the weakest first. */
  readonly layers: readonly Layer[];
  /** What is wrong, one sentence each. */
  readonly problems: readonly string[];
}

const VALUED = [CONFIG, ...FLAGS.map(({ name }) => name), SET];
const KNOWN: readonly string[] = [...VALUED, ...Object.keys(SWITCHES)];

/** Reads the command line. */
export function readArguments(argv: readonly string[]): Arguments {
  const problems: string[] = [];
  const given = tokensOf(argv, problems);
  for (const [name, values] of given) {
    const isMany = name === SET || FLAGS.some((flag) => flag.name === name && flag.between !== undefined);
    if (!isMany && values.length > 1) problems.push(`--${name} is given ${values.length} times: it has one value`);
  }
  return {
    command: (['help', 'version', 'check'] as const).find((name) => given.has(name)) ?? 'run',
    config: given.get(CONFIG)?.[0],
    layers: [
      ...(given.get(SET) ?? []).flatMap((text) => readSetting(text, problems)),
      ...FLAGS.flatMap((flag) => readFlag(flag, `--${flag.name}`, given.get(flag.name) ?? [], problems)),
    ],
    problems,
  };
}

/**
 * Reads what a flag, or its variable, says.
 *
 * @param source what the messages call it
 * @param texts its values; none when it is absent
 * @returns a layer, or none when it is absent or wrong
 */
export function readFlag(flag: Flag, source: string, texts: readonly string[], problems: string[]): readonly Layer[] {
  if (texts.length === 0) return [];
  const read = texts.map((text) => flag.read(text));
  const wrong = read.flatMap((one, place) =>
    'expected' in one ? [`${source} must be ${one.expected}, got '${texts[place]?.slice(0, 80)}'`] : [],
  );
  problems.push(...wrong);
  if (wrong.length > 0) return [];
  const values = read.map((one) => ('value' in one ? one.value : undefined));
  return [{ values: nested(flag.path, flag.between === undefined ? values[0] : values), locate: () => source }];
}

function readSetting(text: string, problems: string[]): readonly Layer[] {
  const [, path, said] = /^([A-Za-z]\w*(?:\.[A-Za-z][\w-]*)*)=(.*)$/s.exec(text) ?? [];
  if (path === undefined || said === undefined) {
    problems.push(`--${SET} must be OPTION=VALUE, such as sessions.maxQueueMessages=1000, got '${text.slice(0, 80)}'`);
    return [];
  }
  return [{ values: nested(path.split('.'), jsonOr(said)), locate: () => `--${SET} ${path}` }];
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function nested(path: readonly string[], value: unknown): Values {
  return path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Values;
}

/** The values of each flag given; a switch has one that is empty. */
function tokensOf(argv: readonly string[], problems: string[]): ReadonlyMap<string, readonly string[]> {
  const options: ParseArgsConfig['options'] = {
    ...Object.fromEntries(VALUED.map((name) => [name, { type: 'string' as const }])),
    ...Object.fromEntries(
      Object.entries(SWITCHES).map(([name, short]) => [name, { type: 'boolean' as const, ...(short && { short }) }]),
    ),
  };
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional') problems.push(`'${token.value}' is no flag: flags begin with --; see --help`);
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    const isSwitch = Object.hasOwn(SWITCHES, name);
    if (!KNOWN.includes(name)) problems.push(unknownFlag(rawName));
    else if (isSwitch && value !== undefined) problems.push(`--${name} takes no value, got '${value}'`);
    else if (!isSwitch && (value === undefined || (!inlineValue && /^-\D/.test(value))))
      problems.push(noValue(name, value));
    else given.set(name, [...(given.get(name) ?? []), value ?? '']);
  }
  return given;
}

function unknownFlag(rawName: string): string {
  const meant = nearest(rawName.replace(/^-+/, ''), KNOWN);
  return `unknown flag ${rawName}${meant === undefined ? '; see --help' : ` (did you mean --${meant}?)`}`;
}

function noValue(name: string, got: string | undefined): string {
  const instead = got === undefined ? '' : `, got ${got}: a value that begins with - is written --${name}=${got}`;
  return `--${name} needs a value${instead}`;
}
