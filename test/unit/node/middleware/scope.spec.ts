import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import type { MiddlewareScope } from '../../../../lib/node/middleware/middleware.js';
import { readScope } from '../../../../lib/node/middleware/scope.js';

function refusalOf(scope: unknown): MeshError {
  try {
    readScope('audit', scope as MiddlewareScope);
  } catch (error) {
    if (error instanceof MeshError) return error;
  }
  throw new Error('the scope was accepted');
}

describe('the scope of a middleware', () => {
  it('is everything unless it says so', () => {
    for (const scope of [undefined, {}]) {
      const { listens, reaches, serves, namesServices } = readScope('audit', scope);
      expect([listens('mount'), reaches('/x'), serves(''), serves('mesh.a.b'), namesServices]).toEqual([
        true,
        true,
        true,
        true,
        false,
      ]);
    }
  });

  it.each([
    ['/a/b', ['/a/b'], ['/a', '/a/b/c', '/a/bc', '/A/b']],
    ['/a/b*', ['/a/b', '/a/b/c', '/a/bc'], ['/a']],
    ['/a/*', ['/a', '/a/', '/a/b/c'], ['/ab', '/b/a']],
    ['/*', ['/', '/a'], []],
  ])('takes by %j the paths %j, and not %j', (pattern, taken, left) => {
    const { reaches } = readScope('audit', { paths: [pattern] });
    expect([...taken, ...left].filter((path) => reaches(path))).toEqual(taken);
  });

  it.each(['/%61/b', '//a/b', '/a//b', '/a%2Fb', '/%61//%62'])('is not escaped by spelling a path as %j', (path) => {
    expect(readScope('audit', { paths: ['/a/b'] }).reaches(path)).toBe(true);
  });

  it('reads what is malformed as it stands', () => {
    const { reaches } = readScope('audit', { paths: ['/a/*'] });
    expect([reaches('/a/%'), reaches('/%'), reaches('/%zz/a/')]).toEqual([true, false, false]);
  });

  it('takes services, and nothing that is none', () => {
    const { serves, namesServices } = readScope('audit', {
      services: ['mesh.a.b', 'mesh.c.*', '${mesh.name}.builtin.*'],
    });
    const services = ['mesh.a.b', 'mesh.c.d', '${mesh.name}.builtin.doc', 'mesh.a.bc', 'mesh.c', ''];
    expect(services.filter((service) => serves(service))).toEqual(services.slice(0, 3));
    expect(namesServices).toBe(true);
    expect(readScope('audit', { services: ['*'] }).serves('')).toBe(false);
  });

  it('takes listeners by name', () => {
    const { listens } = readScope('audit', { listeners: ['listen[1]', 'self'] });
    expect(['listen', 'listen[1]', 'listen[11]', 'mount', 'self'].filter(listens)).toEqual(['listen[1]', 'self']);
  });

  it.each([
    [{ paths: ['a/b'] }, "scope.paths[0] must be a path such as '/v1/interconn/chan/push', or what paths begin with"],
    [{ paths: ['/ok', '/a?b'] }, 'scope.paths[1] must be a path'],
    [{ paths: ['/a/*/b'] }, "got '/a/*/b'"],
    [{ paths: [`/${'a'.repeat(2_000)}`] }, 'scope.paths[0] must be'],
    [{ paths: [] }, 'scope.paths must be a list of at least one'],
    [{ paths: '/a' }, 'scope.paths must be a list'],
    [{ services: ['mesh.a*'] }, "scope.services[0] must be a service such as 'mesh.trust.apply'"],
    [{ services: [7] }, 'got number'],
    [{ listeners: ['outer'] }, "scope.listeners[0] must be 'listen', 'listen[1]', 'mount' or 'self', got 'outer'"],
    [{ routes: ['/a'] }, "its scope has 'routes', which must be paths, services, listeners"],
    [['/a'], 'its scope must be an object of lists'],
    ['/a', 'its scope must be an object of lists'],
  ])('is refused when it is %j', (scope, what) => {
    const { code, message } = refusalOf(scope);
    expect(code).toBe(MeshCode.INVALID_REQUEST);
    expect(message).toContain("the middleware 'audit'");
    expect(message).toContain(what);
  });
});
