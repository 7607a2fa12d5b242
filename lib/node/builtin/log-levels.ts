import { Logger, type LogLevel } from '@nestjs/common';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';

/** Nest's levels, from the one that is written most rarely on. */
const LEVELS = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'] as const satisfies readonly LogLevel[];

/** What others call these levels. */
const OTHER_NAMES: Readonly<Record<string, LogLevel>> = {
  info: 'log',
  warning: 'warn',
  trace: 'verbose',
  stack: 'verbose',
  all: 'verbose',
};

/** Longest mask of the Go SDK: all its levels. */
const MAX_MASK = 127;

/**
 * The levels written when a level is asked for: it, and all that are graver.
 *
 * @param level name of the level; `off` for none; or, as the Go SDK has it, a number whose bits are the levels: 15 is `info`
 * @throws MeshError E0000000400 when it is none
 */
export function levelsFor(level: string): LogLevel[] {
  const name = level.trim().toLowerCase();
  if (name === 'off') return [];
  if (/^\d{1,3}$/.test(name) && Number(name) <= MAX_MASK) return LEVELS.slice(0, 32 - Math.clz32(Number(name)));
  const known = Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name] : name;
  const index = LEVELS.findIndex((one) => one === known);
  if (index >= 0) return LEVELS.slice(0, index + 1);
  const message = `'${level.slice(0, 50)}' is no log level: there are ${LEVELS.join(', ')} and off`;
  throw new MeshError(MeshCode.INVALID_REQUEST, message);
}

/** Lets all of Nest's loggers write these levels from now on. */
export function setLevels(levels: LogLevel[]): void {
  Logger.overrideLogger(levels);
}

/** The levels that Nest's loggers write at present. */
export function currentLevels(): readonly LogLevel[] {
  return LEVELS.filter((level) => Logger.isLevelEnabled(level));
}
