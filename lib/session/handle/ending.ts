import { MeshError } from '../../errors/mesh-error.js';
import { isCompletion, readStreamEnd } from '../../protocol/stream-end.js';
import type { Carried } from './topic-carrier.js';

/** How the stream of the other side ended: nothing more comes, or it failed. */
export type Ending = 'completed' | MeshError;

/** The end of the other side's stream, when that is what a message tells; `undefined` when it is a message like any other. */
export function endingOf({ payload, metadata }: Pick<Carried, 'payload' | 'metadata'>): Ending | undefined {
  const end = readStreamEnd(payload, metadata);
  if (!end) return undefined;
  return isCompletion(end) ? 'completed' : new MeshError(end.code, end.message === '' ? undefined : end.message);
}
