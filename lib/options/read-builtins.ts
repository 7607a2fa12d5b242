import type { ResolvedBuiltinOptions } from './builtin-options.js';
import * as check from './checks.js';
import { readObject, type OptionReader } from './option-reader.js';
import type { Problems } from './problems.js';

const NONE: ResolvedBuiltinOptions = {
  doc: false,
  version: false,
  stats: false,
  debug: 'nobody',
  environ: false,
  health: false,
  reflection: false,
};

/** Reads the option `builtins`: which are served, or `false` for none. */
export function readBuiltins(given: unknown, problems: Problems): ResolvedBuiltinOptions {
  if (given === false) return NONE;
  if (given !== undefined && typeof given !== 'object') {
    problems.refuse('builtins', 'an object or false', given);
    return NONE;
  }
  return readObject('builtins', given, problems, (reader) => ({
    doc: served(reader, 'doc'),
    version: served(reader, 'version'),
    stats: served(reader, 'stats'),
    debug: reader.take('debug', check.oneOf('nobody', 'node', 'anyone'), () => 'node' as const),
    environ: served(reader, 'environ'),
    health: served(reader, 'health'),
    reflection: served(reader, 'reflection'),
  }));
}

function served(reader: OptionReader, key: keyof ResolvedBuiltinOptions): boolean {
  return reader.take(key, check.yesOrNo, () => true);
}
