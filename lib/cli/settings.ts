import type { LogLevel } from '@nestjs/common';
import { toMeshError } from '../errors/from-unknown.js';
import { MeshCode } from '../errors/mesh-code.js';
import { levelsFor } from '../node/builtin/log-levels.js';
import type { MeshOptions, ResolvedMeshOptions } from '../options/mesh-options.js';
import { resolveMeshOptions } from '../options/resolve-options.js';
import type { Merged } from './layers.js';

/** A configuration that is right. */
export interface Settings {
  /** As they were said, for `MeshModule`, which fills in the rest. */
  readonly options: MeshOptions;
  /** With everything filled in. */
  readonly resolved: ResolvedMeshOptions;
  readonly logLevel: string;
  readonly levels: LogLevel[];
}

/** A configuration, or what is wrong with it, one sentence each. */
export type Validated =
  | { readonly kind: 'right'; readonly settings: Settings }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] };

/** Validates what was said. Each sentence about something wrong begins with where it was said. */
export function validate({ values, whereIs }: Merged, env: NodeJS.ProcessEnv): Validated {
  const { logLevel = '', ...said } = values;
  const options: MeshOptions = said;
  const problems: string[] = [];
  const levels = attempt(
    () => levelsFor(String(logLevel)),
    problems,
    (sentence) => `logLevel: ${sentence}`,
  );
  const resolved = attempt(() => resolveMeshOptions(options, env), problems);
  if (options.listen === false) problems.push('listen must not be false: a node listens');
  if (resolved?.mount) problems.push('mount is for Nest HTTP applications: a node of its own listens by itself');
  if (problems.length === 0 && levels && resolved) {
    return { kind: 'right', settings: { options, resolved, logLevel: String(logLevel), levels } };
  }
  return { kind: 'wrong', problems: problems.map((sentence) => placed(sentence, whereIs)) };
}

/** Puts where an option was said in front of a sentence that begins with the option. */
export function placed(sentence: string, whereIs: Merged['whereIs']): string {
  const [, path] = /^(?:unknown option ')?([A-Za-z_][\w.[\]-]*)/.exec(sentence) ?? [];
  const where = path === undefined ? undefined : whereIs(path);
  return where === undefined || where === 'default' ? sentence : `${where}: ${sentence}`;
}

function attempt<T>(make: () => T, problems: string[], say = (sentence: string) => sentence): T | undefined {
  try {
    return make();
  } catch (error) {
    const { code, message, details } = toMeshError(error);
    if (code !== MeshCode.INVALID_REQUEST) throw error;
    problems.push(...(details.length > 0 ? details : [message]).map(say));
    return undefined;
  }
}
