import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfigurationFile } from '../../../lib/cli/configuration-file.js';
import { mergeLayers } from '../../../lib/cli/layers.js';
import { validate } from '../../../lib/cli/settings.js';

const folder = mkdtempSync(join(tmpdir(), 'mesh-node-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is wrong with a file, as a node would say it, without the folder. */
function problemsOf(name: string, text: string): readonly string[] {
  writeFileSync(join(folder, name), text);
  return problemsAt(join(folder, name)).map((problem) => problem.replaceAll(`${folder}/`, ''));
}

function problemsAt(path: string): readonly string[] {
  const content = readConfigurationFile(path);
  if ('problems' in content) return content.problems;
  const validated = validate(
    mergeLayers([{ values: { logLevel: 'warn' }, locate: () => 'default' }, content.layer]),
    {},
  );
  return validated.kind === 'wrong' ? validated.problems : [];
}

describe('a configuration file', () => {
  it.each([
    ['ok.yaml', '# a node\nnodeId: LX1\nsessions: &s\n  whenFull: fail\n'],
    ['empty.yaml', ''],
    ['ok.json', '\uFEFF{ "nodeId": "LX1", "logLevel": "off" }'],
  ])('%s is right', (name, text) => {
    expect(problemsOf(name, text)).toEqual([]);
  });

  it.each([
    [
      'name.yaml',
      'sessions:\n  whenFul: fail',
      /^name\.yaml:2: unknown option 'sessions\.whenFul' \(did you mean 'whenFull'\?\)/,
    ],
    [
      'item.yaml',
      'partners:\n  - nodeId: LX1\n    address: a:b\n',
      /^item\.yaml:3: partners\[0\]\.address must be host:port/,
    ],
    ['missing.yaml', '\npartners:\n  - nodeId: LX1\n', /^missing\.yaml:3: partners\[0\]\.address is missing$/],
    ['alias.yaml', 'mount: &m\n  x: 1\nhttp: *m\n', /^alias\.yaml:2: unknown option 'mount\.x'/],
    ['level.yaml', 'timeoutMs: 1\nlogLevel: loud', /^level\.yaml:2: logLevel: 'loud' is no log level/],
    ['listen.yaml', '\n\nlisten: false', /^listen\.yaml:3: listen must not be false/],
    ['mount.yaml', 'mount: true', /^mount\.yaml:1: mount is for Nest HTTP applications/],
    ['syntax.yaml', 'a: 1\nb: [1, 2\nc: 3', /^syntax\.yaml:\d:\d+: this is no YAML: /],
    ['twice.yaml', 'name: a\nname: b\n', /^twice\.yaml:2:1: this is no YAML: Map keys must be unique/],
    ['list.yaml', '- a\n', /^list\.yaml:1: must be a mapping of options$/],
    ['bomb.yaml', bomb(), /^bomb\.yaml: this is no YAML: Excessive alias count/],
    [
      'name.json',
      '{\n  "sessions": {\n    "whenFul": "fail"\n  }\n}',
      /^name\.json:3: unknown option 'sessions\.whenFul'/,
    ],
    [
      'item.json',
      '{ "partners":\n[ { "nodeId": "LX1",\n"address": "a:b" } ] }',
      /^item\.json:3: partners\[0\]\.address must/,
    ],
    ['proto.json', '{\n"__proto__": { "port": 1 } }', /^proto\.json:2: unknown option '__proto__'/],
    ['comma.json', '{\n  "name": "a",\n}', /^comma\.json:3:1: this is no JSON: /],
    ['word.json', '{\n  "name": s3cret\n}', /^word\.json:2:11: this is no JSON: Unexpected token 's'$/],
    ['end.json', '{\n  "name": "a"', /^end\.json:2:\d+: this is no JSON: /],
    ['twice.json', '{ "name": "a",\n"name": "b" }', /^twice\.json:2: name is there twice$/],
    ['list.json', '[]', /^list\.json:1: must be a mapping of options$/],
    ['node.toml', '', /^node\.toml: the name of the configuration file must end in \.yaml, \.yml or \.json$/],
    ['large.json', ' '.repeat(1_048_577), /^large\.json: the configuration file must have at most 1048576 bytes$/],
  ])('%s is wrong, with its line', (name, text, problem) => {
    expect(problemsOf(name, text)[0]).toMatch(problem);
  });

  it('has to be a file', () => {
    mkdirSync(join(folder, 'folder.yaml'));
    expect(problemsAt(join(folder, 'folder.yaml'))[0]).toMatch(/folder\.yaml: cannot be read: it is no file$/);
  });

  it('has to be there', () => {
    expect(problemsAt('/nowhere/node.yaml')).toEqual(['/nowhere/node.yaml: cannot be read: there is no such file']);
  });
});

/** A few lines that would become millions of items. */
function bomb(): string {
  const levels = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (const [name, of] of ['ba', 'cb', 'dc', 'ed'] as const) {
    levels.push(`${name}: &${name} [${Array.from({ length: 10 }, () => `*${of}`).join(', ')}]`);
  }
  return levels.join('\n');
}
