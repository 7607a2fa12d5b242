import { isOwnPath } from '../protocol/own-paths.js';
import { parseUrn } from '../protocol/urn.js';
import { refusal } from '../protocol/wire-fields.js';
import type { RegisteredService, RegistrationKind } from './registration.js';

/**
 * By what a service of a registration is found: `service` is a name such as `mesh.trust.apply`, `path` a pattern of HTTP paths,
 * `/a/b` for that very path, or `/a/b/*` for all below it.
 */
export type ServiceAddress =
  { readonly by: 'service'; readonly name: string } | { readonly by: 'path'; readonly pattern: string };

/**
 * By what a service is found: in a `complex` registration by the path that its URN or its name is, else by the name in its URN.
 * Without a URN the name counts, behind the namespace if it has no dots.
 *
 * @param path where it stands, for the error
 * @throws MeshError E0000000400 when the URN or the pattern is none, or nothing names the service
 */
export function addressOf(
  kind: RegistrationKind,
  service: Pick<RegisteredService, 'urn' | 'namespace' | 'name'>,
  path: string,
): ServiceAddress {
  const { urn, namespace, name } = service;
  const pattern = kind === 'complex' ? [urn, name].find((text) => text.startsWith('/')) : undefined;
  if (pattern !== undefined) return { by: 'path', pattern: checkedPattern(pattern, path) };
  if (urn !== '') return { by: 'service', name: parseUrn(urn).name };
  if (name === '') throw refusal(`${path}.urn`, 'the URN of a service', '');
  return { by: 'service', name: name.includes('.') || namespace === '' ? name : `${namespace}.${name}` };
}

/** Most segments of a pattern. */
export const MAX_SEGMENTS = 32;

/**
 * A segment by which a server may come to another path than the one that was looked at: `.`, `..`, one of them percent-encoded or
 * with parameters behind it, an encoded slash, a backslash, a fragment, or a NUL.
 */
const TRICK = /^(?:\.|%2e){1,2}(?:$|;|%3b)|%2f|%5c|%00|[\\#\0]/i;

/** Whether a path means what it says: none of its segments leads elsewhere, and it does not begin as the name of a host does. */
export function isPlainPath(path: string): boolean {
  return (
    path.startsWith('/') &&
    !path.startsWith('//') &&
    !path
      .slice(1)
      .split('/')
      .some((segment) => TRICK.test(segment))
  );
}

function checkedPattern(pattern: string, path: string): string {
  const fixed = pattern.endsWith('/*') ? pattern.slice(0, -2) : pattern;
  const isShort = fixed.split('/').length <= MAX_SEGMENTS;
  if (isOwnPath(fixed))
    throw refusal(path, 'found by a path that is not one of those that the node serves itself', pattern);
  if ((fixed === '' || isPlainPath(fixed)) && isShort && !/[*?#\s]/.test(fixed)) return pattern;
  throw refusal(
    path,
    `found by a path such as /a/b, or /a/b/* for all below it, of at most ${MAX_SEGMENTS} segments`,
    pattern,
  );
}
