import { codeOfHttpStatus } from '../../errors/http-status.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { InboundAnswer } from '../transport.js';

/** Longest message taken over from an answer, in characters. */
const MAX_MESSAGE = 4_096;

const meshCode = /^E\d{10}$/;

/** The body of an answer that succeeded. @throws MeshError what the answer says went wrong */
export function bodyOfSuccess(answer: InboundAnswer, where: string): Uint8Array {
  const { status, body } = answer;
  if (status >= 200 && status < 300) return body;
  const { code = codeOfHttpStatus(status), message = 'without a message' } = saidIn(answer);
  throw new MeshError(code, `${where} answered with HTTP status ${status}: ${message.slice(0, MAX_MESSAGE)}`);
}

/** The error for a connection that was lost with a request under way. */
export function lost(where: string, cause: unknown): MeshError {
  const why = cause instanceof Error ? cause.message : 'it was closed';
  return new MeshError(MeshCode.UNREACHABLE, `the call to ${where} has no answer: the connection was lost (${why})`, {
    cause,
  });
}

/** The code and the message in the body of a refusal, as our port and others write it. */
function saidIn({ body, contentType }: InboundAnswer): { readonly code?: string; readonly message?: string } {
  if (contentType !== 'application/json') return {};
  try {
    const said = JSON.parse(Buffer.from(body).toString()) as unknown;
    if (typeof said !== 'object' || said === null) return {};
    const { code, message } = said as { readonly code?: unknown; readonly message?: unknown };
    return {
      ...(typeof code === 'string' && meshCode.test(code) && { code }),
      ...(typeof message === 'string' && { message }),
    };
  } catch {
    return {};
  }
}
