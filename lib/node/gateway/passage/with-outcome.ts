import { toMeshError } from '../../../errors/from-unknown.js';
import type { CallOutcome } from '../../../balance/balancer.js';
import type { PassageAnswer } from '../../../transport/transport.js';

/**
 * The answer, of whose end somebody is told.
 * @param tell told once, with the error if it broke off
 */
export function withOutcome(answer: PassageAnswer, tell: (outcome: Pick<CallOutcome, 'error'>) => void): PassageAnswer {
  return { ...answer, body: watched(answer.body, tell) };
}

async function* watched(
  body: AsyncIterable<Uint8Array>,
  tell: (outcome: Pick<CallOutcome, 'error'>) => void,
): AsyncIterable<Uint8Array> {
  let outcome: Pick<CallOutcome, 'error'> = {};
  try {
    yield* body;
  } catch (error) {
    outcome = { error: toMeshError(error) };
    throw error;
  } finally {
    tell(outcome);
  }
}
