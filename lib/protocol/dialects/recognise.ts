import type { Dialect, RawRequest } from '../dialect.js';

/** The dialect that a request is surest to be of, the first of several that are as sure; the fallback when it shows none. */
export function recogniseDialect(dialects: readonly Dialect[], request: RawRequest, fallback: Dialect): Dialect {
  let surest = fallback;
  let most = 0;
  for (const dialect of dialects) {
    const sureness = dialect.recognise(request);
    if (sureness > most) [surest, most] = [dialect, sureness];
  }
  return surest;
}
