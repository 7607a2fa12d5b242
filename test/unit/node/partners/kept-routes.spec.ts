import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeptFile } from '../../../../lib/node/kept-file.js';
import { KeptRoutes } from '../../../../lib/node/partners/kept-routes.js';
import { thrownBy } from '../../../support/dialect-fixtures.js';
import { temporaryFolder } from '../../../support/folder.js';
import { routeTo } from '../../../support/route-fixtures.js';

function keptIn(path: string): KeptRoutes {
  return new KeptRoutes(new KeptFile(path));
}

const right = (): readonly string[] => [];

describe('KeptRoutes', () => {
  it('are none at first, and then those that were kept last, with their secrets', async () => {
    const kept = keptIn(join(temporaryFolder(), 'partners.json'));
    expect(kept.read(right)).toEqual([]);
    await kept.write([routeTo('LX9')]);
    const secrets = { hostKey: 'one\ntwo', guestKey: 'key', authCode: 'code' };
    const routes = [
      routeTo('LX2', { instId: 'JG2', address: 'a,b:1', via: 'transport' }, { ...secrets, status: 32, expireAt: 5 }),
      routeTo('LX3', { transport: 'http', contentType: 'application/json' }, { describe: '节点', extra: '{"way":{}}' }),
    ];
    await kept.write(routes);
    expect(kept.read(right)).toEqual(routes);
  });

  it.each([
    ['', /^:1:1: this is no JSON: it ends too early$/],
    ['{\n  "version": 1,\n  "partners": [', /^:3:\d+: this is no JSON: it ends too early$/],
    ['{\n  "version": 2, "partners": [] }', /^:2: version must be 1, or another release has written the file$/],
    ['[]', /^:1: version must be 1/],
    ['{ "version": 1,\n  "partners": {} }', /^:2: partners must be a list of routes$/],
    ['{ "version": 1, "partners": [\n1] }', /^:2: partners\[0\] must be an object, got 1$/],
    [
      '{ "version": 1, "partners": [\n{ "node_id": "LX2",\n"address": "a:b" }] }',
      /^:3: partners\[0\]\.address must be host:port/,
    ],
    [
      '{ "version": 1, "partners": [{ "node_id": "LX2", "address": "a:1" },\n{\n"node_id": "lx2", "address": "a:1" }] }',
      /^:3: partners\[1\]\.nodeId: partners\[0\] is about the node 'lx2', too$/,
    ],
    ['{ "version": 1, "partners": [\n{ "node_id": "WRONG", "address": "a:1" }] }', /^:2: partners\[0\]: not this one$/],
  ])('are not read from %j, and the file stays', (text, message) => {
    const path = join(temporaryFolder(), 'partners.json');
    writeFileSync(path, text);
    const error = thrownBy(() =>
      keptIn(path).read(({ nodeId }, name) => (nodeId === 'WRONG' ? [`${name}: not this one`] : [])),
    );
    expect(error.code).toBe('E0000000400');
    expect(error.message.startsWith(path)).toBe(true);
    expect(error.message.slice(path.length)).toMatch(message);
    expect(new KeptFile(path).read()).toBe(text);
  });
});
