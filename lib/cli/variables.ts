import { isRecord } from '../options/option-reader.js';
import { nearest } from '../options/nearest.js';
import { readFlag } from './arguments.js';
import { CONFIG, type Flag, FLAGS, variableOf } from './flags.js';
import type { Layer } from './layers.js';

/** What the environment says. */
export interface Variables {
  /** Path of the configuration file that `MESH_CONFIG` names. */
  readonly config: string | undefined;
  /** What variables say of the options, the weakest first. */
  readonly layers: readonly Layer[];
  readonly problems: readonly string[];
  /** What may be a mistake, one sentence each. */
  readonly doubts: readonly string[];
}

/** Says all options at once, as JSON. */
const OPTIONS = 'MESH_OPTIONS';
const RUNTIME = 'MESH_RUNTIME';
const REGISTER = 'MESH_REGISTER';
const KNOWN = [...[CONFIG, ...FLAGS.map(({ name }) => name)].map(variableOf), OPTIONS, RUNTIME, REGISTER];
/** Read by every application of the package, and by the SDKs. */
const ELSEWHERE = ['MESH_DIRECT'];

/**
 * Reads the variables of `mesh-node`: one for each flag, `MESH_OPTIONS`, and those that every application of the package reads, which
 * keep their meaning but, unlike there, go before the file. Empty ones count as absent.
 */
export function readVariables(env: NodeJS.ProcessEnv): Variables {
  const problems: string[] = [];
  const value = (name: string): string => env[name]?.trim() ?? '';
  return {
    config: value(variableOf(CONFIG)) || undefined,
    layers: [
      ...readOptions(value(OPTIONS), problems),
      ...readRuntime(value(RUNTIME)),
      ...readRegister(value(REGISTER)),
      ...FLAGS.flatMap((flag) => {
        const name = variableOf(flag.name);
        return readFlag(flag, name, textsOf(flag, value(name)), problems);
      }),
    ],
    problems,
    doubts: Object.keys(env).flatMap(doubtOf),
  };
}

function textsOf({ between }: Flag, value: string): readonly string[] {
  const texts = between === undefined ? [value] : value.split(between).map((text) => text.trim());
  return texts.filter((text) => text !== '');
}

function readOptions(text: string, problems: string[]): readonly Layer[] {
  if (text === '') return [];
  try {
    const values: unknown = JSON.parse(text);
    if (isRecord(values)) return [{ values, locate: () => OPTIONS }];
  } catch {
    // What is wrong is not quoted: it may hold secrets.
  }
  problems.push(`${OPTIONS} must be a JSON object of options, such as {"timeoutMs":5000}`);
  return [];
}

/** The port of `MESH_RUNTIME`; its form is checked where every application reads it. */
function readRuntime(text: string): readonly Layer[] {
  const [, port] = /:(\d{1,5})$/.exec(text) ?? [];
  return port === undefined ? [] : [{ values: { listen: { port: Number(port) } }, locate: () => RUNTIME }];
}

function readRegister(text: string): readonly Layer[] {
  if (text !== '0' && text !== '1') return [];
  return [{ values: { registry: text === '1' ? {} : false }, locate: () => REGISTER }];
}

function doubtOf(name: string): readonly string[] {
  if (!name.startsWith('MESH_') || KNOWN.includes(name) || ELSEWHERE.includes(name)) return [];
  const meant = nearest(name, [...KNOWN, ...ELSEWHERE]);
  return meant === undefined ? [] : [`the variable ${name} is not read (did you mean ${meant}?)`];
}
