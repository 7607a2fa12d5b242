import type { RegisteredProvider } from '../registrations.js';
import { isPlainPath, MAX_SEGMENTS } from '../service-names.js';
import { NOBODY, type ProviderIndex } from './provider-index.js';

/**
 * Who serves a path: those of the very path, else those of the longest pattern that it is below of. `/a/*` takes `/a`, too.
 *
 * @param patterns providers by their patterns
 */
export function findByPath(patterns: ProviderIndex, path: string): readonly RegisteredProvider[] {
  if (!isPlainPath(path)) return NOBODY;
  const exact = patterns.find(path);
  if (exact.length > 0) return exact;
  for (const end of endsOf(path)) {
    const found = patterns.find(`${path.slice(0, end)}/*`);
    if (found.length > 0) return found;
  }
  return NOBODY;
}

/** Where the segments of a path end, the last of them first; no more than a pattern may have. */
function endsOf(path: string): readonly number[] {
  const ends: number[] = [];
  for (let end = 0; end >= 0 && ends.length < MAX_SEGMENTS; end = path.indexOf('/', end + 1)) ends.push(end);
  if (ends.length < MAX_SEGMENTS) ends.push(path.length);
  return ends.toReversed();
}
