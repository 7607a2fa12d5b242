import { codeOfHttpStatus } from '../errors/http-status.js';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import type { FieldFormats } from '../protocol/dialect.js';
import type { SessionAnswer, SessionOperation } from '../protocol/session-call.js';
import type { InboundAnswer } from '../transport/transport.js';
import type { Partner } from './partners/partner.js';

/** HTTP's own status for a path where nothing is. */
const NOT_FOUND = 404;

/** Content types that say nothing. */
const UNTYPED: ReadonlySet<string> = new Set(['', 'application/octet-stream']);

/**
 * Reads what a partner answered. An answer with an error status of HTTP counts when it says what went wrong.
 *
 * @throws MeshError E0000000616 when it is malformed; by its HTTP status when that is none of success, E0000000617 for 404
 */
export function forwardedAnswer(
  { dialect, encoding, route }: Partner,
  operation: SessionOperation,
  answer: InboundAnswer,
  formats: FieldFormats,
): SessionAnswer {
  const contentType = UNTYPED.has(answer.contentType) ? encoding.contentType : answer.contentType;
  const read = (): SessionAnswer =>
    dialect.readAnswer(operation, encoding.wire, { body: answer.body, contentType }, formats);
  if (answer.status >= 200 && answer.status < 300) return read();
  return refusalSaid(read) ?? refuse(route.nodeId, answer.status);
}

function refusalSaid(read: () => SessionAnswer): SessionAnswer | undefined {
  try {
    const answer = read();
    return answer.code === MeshCode.SUCCESS ? undefined : answer;
  } catch {
    return undefined;
  }
}

function refuse(nodeId: string, status: number): never {
  const code = status === NOT_FOUND ? MeshCode.NO_SERVICE : codeOfHttpStatus(status);
  const failure = code === MeshCode.SUCCESS ? MeshCode.SYSTEM_ERROR : code;
  throw new MeshError(failure, `the node '${nodeId}' answered HTTP ${status}, without saying why`);
}
