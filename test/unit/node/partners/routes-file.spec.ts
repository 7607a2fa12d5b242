import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PartnerRoute } from '../../../../lib/node/partners/partner-route.js';
import { readRoutesFile } from '../../../../lib/node/partners/routes-file.js';
import { writeRoute } from '../../../../lib/node/partners/write-route.js';
import { temporaryFolder } from '../../../support/folder.js';
import { routeTo } from '../../../support/route-fixtures.js';

function check({ nodeId }: PartnerRoute, name: string): readonly string[] {
  return nodeId === 'WRONG' ? [`${name}: not this one`] : [];
}

function read(name: string, text: string): readonly PartnerRoute[] | readonly string[] {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, text);
  const found = readRoutesFile(path, check);
  return 'routes' in found ? found.routes : found.problems.map((problem) => problem.slice(path.length - name.length));
}

const two: PartnerRoute = { ...routeTo('LX2', { instId: 'JG2', address: 'a,b:1', timeoutMs: 5 }), origin: 'file' };

describe('a file of routes', () => {
  it.each([
    ['r.yaml', '- nodeId: LX2\n  instId: JG2\n  address: a,b:1\n  timeoutMs: 5\n'],
    ['r.yml', 'partners:\n  - nodeId: LX2\n    instId: JG2\n    address: [a:1, b:1]\n    timeoutMs: 5\n'],
    ['r.json', '[{ "nodeId": "LX2", "instId": "JG2", "address": "a,b:1", "timeoutMs": 5 }]'],
    ['r.json', JSON.stringify({ partners: [{ ...writeRoute(two), update_by: 'somebody', chunk_size: '1' }] })],
  ])('%s says %s', (name, text) => {
    expect(read(name, text)).toEqual([two]);
  });

  it('says what else there is to a route', () => {
    const [route] = read('r.yaml', '- nodeId: LX2\n  address: a\n  status: 32\n  expireAt: 2030-01-01T00:00:00Z\n');
    expect(route).toMatchObject({ addresses: ['a:7304'], details: { status: 32, expireAt: 1_893_456_000_000 } });
  });

  it.each([
    ['r.yaml', '[]'],
    ['r.json', '{ "partners": [] }'],
  ])('%s may say that there are none: %s', (name, text) => {
    expect(read(name, text)).toEqual([]);
  });

  it.each([
    ['r.yaml', '', "r.yaml:1: a list of partners is expected, by itself or under 'partners'; [] is for none"],
    ['r.yaml', 'routes: []', 'r.yaml:1: a list of partners is expected'],
    ['r.yaml', 'partners: []\nother: 1', "r.yaml:2: unknown key 'other'; known: partners"],
    ['r.json', '[', 'r.json:1:2: this is no JSON: it ends too early'],
    ['r.yaml', '- a: [', 'this is no YAML'],
    ['r.yaml', '- nodeId: LX2\n  adress: a', "r.yaml:2: unknown option 'partners[0].adress' (did you mean 'address'?)"],
    ['r.yaml', '- nodeId: LX2\n  address: a\n- nodeId: LX2\n  address: b', 'r.yaml:3: partners[1].nodeId: partners[0]'],
    ['r.yaml', 'partners:\n- node_id: LX2\n  inst_id: a/b', 'r.yaml:3: partners[0].instId must be 1 to 64 letters'],
    ['r.yaml', '- nodeId: LX2\n  address: a\n  expire_at: soon', 'r.yaml:3: partners[0].expire_at must be a time'],
    ['r.yaml', '- nodeId: LX2\n  address: a\n  via: x', "r.yaml:3: partners[0].via must be 'invoke' or 'transport'"],
    ['r.yaml', '- nodeId: WRONG\n  address: a', 'r.yaml:1: partners[0]: not this one'],
    ['r.yaml', '-\n- 1', 'r.yaml:2: partners[1] must be an object, got 1'],
    ['r.txt', '', 'r.txt: the name of the file of routes must end in .yaml, .yml or .json'],
  ])('%s with %j is wrong', (name, text, problem) => {
    expect(read(name, text).join('\n')).toContain(problem);
  });

  it('is as docs/partners.md shows it', () => {
    const page = readFileSync(new URL('../../../../docs/partners.md', import.meta.url), 'utf8');
    const [, yaml = ''] = /^```yaml\n(# routes\.yaml\n.*?)^```/ms.exec(page) ?? [];
    expect(read('r.yaml', yaml)).toMatchObject([
      { nodeId: 'LX0000010000020', addresses: ['10.0.0.7:7304', '10.0.0.8:7304'] },
      { nodeId: 'LX0000010000030', mode: 'wrapped', details: { expireAt: 1_893_456_000_000 } },
    ]);
  });

  it('says everything that is wrong', () => {
    expect(
      read('r.json', '[{ "nodeId": "a/b" },\n{ "nodeId": "LX2", "address": 1 },\n{ "nodeID": "LX3" }]'),
    ).toHaveLength(3);
  });

  it('has to be there', () => {
    expect(readRoutesFile('/nowhere/r.yaml', check)).toEqual({
      problems: ['/nowhere/r.yaml: cannot be read: there is no such file'],
    });
  });
});
