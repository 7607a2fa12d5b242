import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { ResolvedBuiltinOptions } from '../../options/builtin-options.js';
import { Header } from '../../protocol/headers.js';
import { sameId } from '../../protocol/urn.js';
import type { BuiltinCall } from './builtin-service.js';
import { currentLevels, levelsFor, setLevels } from './log-levels.js';

/** The feature that sets the log level. The names of others are passed over, as by the SDKs. */
const LOG_LEVEL = 'log.level';

/** Headers that nodes add to what they pass on. */
const FORWARDED = [Header.NODES_PASSED, Header.INCOMING_PROXY];

/** Who may call `builtin.debug`. */
export interface DebugAccess {
  readonly nodeId: string;
  readonly debug: ResolvedBuiltinOptions['debug'];
}

/**
 * Refuses who may not change how the application behaves.
 *
 * @throws MeshError E0000000614 when nobody may, E0000000403 when this caller may not
 */
export function admitToDebug({ context, headers }: BuiltinCall, { nodeId, debug }: DebugAccess): void {
  if (debug === 'anyone') return;
  if (debug === 'nobody') {
    throw new MeshError(MeshCode.NOT_PERMITTED, "builtin.debug is switched off here: see the option 'builtins.debug'");
  }
  const forwarded = FORWARDED.some((header) => headers[header] || context.attachments[header]);
  if (!forwarded && sameId(context.source.nodeId, nodeId)) return;
  const message = `builtin.debug is for callers at the node ${nodeId} itself: see the option 'builtins.debug'`;
  throw new MeshError(MeshCode.FORBIDDEN, message);
}

/**
 * Sets what the features say, and tells what is set now.
 *
 * @param features `log.level`: name of a level, `off`, or a number as the Go SDK has it; without it nothing is set
 * @throws MeshError E0000000400 when that is no level
 */
export function debug(features: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  const level = features.get(LOG_LEVEL);
  if (level !== undefined && level !== '') setLevels(levelsFor(level));
  return { [LOG_LEVEL]: currentLevels().at(-1) ?? 'off' };
}
