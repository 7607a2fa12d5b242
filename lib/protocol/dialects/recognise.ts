import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { Dialect, RawRequest } from '../dialect.js';

/**
 * The dialect that a request is surest to be of; the first of several that are as sure.
 * @throws MeshError E0000000600 when none knows it
 */
export function recogniseDialect(dialects: readonly Dialect[], request: RawRequest): Dialect {
  let surest: Dialect | undefined;
  let most = 0;
  for (const dialect of dialects) {
    const sureness = dialect.recognise(request);
    if (sureness > most) [surest, most] = [dialect, sureness];
  }
  if (surest) return surest;
  throw new MeshError(MeshCode.INCOMPATIBLE, 'no dialect understands the request');
}
