import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { MiddlewareScope } from './middleware.js';

/** A {@link MiddlewareScope}, read and checked. */
export interface ReadScope {
  /** Whether anything that comes by a listener may fit. */
  listens(listener: string): boolean;
  /** Whether anything that is called at a path may fit. */
  reaches(path: string): boolean;
  /** Whether a service fits. @param service empty for what is no call by RPC */
  serves(service: string): boolean;
  /** Whether it names services, so that nothing but RPC fits. */
  readonly namesServices: boolean;
}

/** One of the lists of a scope: what stands in it. */
interface PatternRule {
  readonly form: RegExp;
  readonly expected: string;
}

const RULES: Readonly<Record<keyof MiddlewareScope, PatternRule>> = {
  paths: {
    form: /^\/[!-)+->@-~]*\*?$/,
    expected: "a path such as '/v1/interconn/chan/push', or what paths begin with, such as '/v1/interconn/*'",
  },
  services: {
    form: /^(?:\*|(?:[\w-]+|\$\{[\w.-]+\})(?:\.(?:[\w-]+|\$\{[\w.-]+\}))*(?:\.\*)?)$/,
    expected: "a service such as 'mesh.trust.apply', or what services begin with, such as 'mesh.trust.*'",
  },
  listeners: { form: /^(?:listen(?:\[\d+\])?|mount|self)$/, expected: "'listen', 'listen[1]', 'mount' or 'self'" },
};

/**
 * Reads what passes a middleware.
 *
 * @param name of the middleware, for the error
 * @throws MeshError E0000000400 that names the middleware, and what was expected where
 */
export function readScope(name: string, given: MiddlewareScope | undefined): ReadScope {
  const scope: unknown = given ?? {};
  if (typeof scope !== 'object' || scope === null || Array.isArray(scope)) {
    throw refused(name, 'its scope', "an object of lists: 'paths', 'services', 'listeners'");
  }
  for (const key of Object.keys(scope)) {
    if (!Object.hasOwn(RULES, key)) throw refused(name, `its scope has '${key}', which`, Object.keys(RULES).join(', '));
  }
  const paths = readPatterns(name, 'paths', scope);
  const services = readPatterns(name, 'services', scope);
  const listeners = readPatterns(name, 'listeners', scope);
  const reaches = paths && fitting(paths.flatMap(withBarePath));
  const serves = services && fitting(services);
  return {
    listens: (listener) => !listeners || listeners.includes(listener),
    reaches: (path) => !reaches || reaches(path) || (mayMeanAnother(path) && reaches(meantBy(path))),
    serves: (service) => !serves || (service !== '' && serves(service)),
    namesServices: services !== undefined,
  };
}

function readPatterns(name: string, key: keyof MiddlewareScope, scope: MiddlewareScope): readonly string[] | undefined {
  const given: unknown = scope[key];
  if (given === undefined) return undefined;
  const { form, expected } = RULES[key];
  if (!Array.isArray(given) || given.length === 0) {
    throw refused(name, `scope.${key}`, `a list of at least one, each ${expected}`);
  }
  for (const [index, pattern] of given.entries()) {
    if (typeof pattern === 'string' && pattern.length <= MAX_PATTERN_LENGTH && form.test(pattern)) continue;
    throw refused(name, `scope.${key}[${index}]`, `${expected}, got ${shown(pattern)}`);
  }
  return given as readonly string[];
}

const MAX_PATTERN_LENGTH = 1_024;

/** `/a/*` is for `/a`, too, as it is where applications register paths. */
function withBarePath(pattern: string): readonly string[] {
  return pattern.endsWith('/*') && pattern.length > 2 ? [pattern, pattern.slice(0, -2)] : [pattern];
}

function fitting(patterns: readonly string[]): (name: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.endsWith('*')));
  const prefixes = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1));
  return (name) => exact.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}

/** Whether who serves a path may read it as another: what is to be guarded must not be reached by another spelling. */
function mayMeanAnother(path: string): boolean {
  return path.includes('%') || path.includes('//');
}

function meantBy(path: string): string {
  return decoded(path).replaceAll(/\/{2,}/g, '/');
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function shown(pattern: unknown): string {
  return typeof pattern === 'string' ? `'${pattern.slice(0, 100)}'` : typeof pattern;
}

function refused(name: string, where: string, expected: string): MeshError {
  return new MeshError(MeshCode.INVALID_REQUEST, `the middleware '${name}': ${where} must be ${expected}`);
}
