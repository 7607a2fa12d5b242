import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { yamlText } from '../../../../../lib/node/builtin/doc/yaml-text.js';
import type { JsonValue } from '../../../../../lib/node/builtin/doc/json-schema.js';

describe('yamlText', () => {
  it('writes blocks, with quotes where they are needed', () => {
    const value = {
      title: 'a word',
      version: '1.0.0',
      on: true,
      none: null,
      left: undefined,
      lists: [1, 'yes', [], {}, { a: 1, b: [2] }],
      'a: b': 'line\nbreak',
    };
    expect(yamlText(value)).toBe(
      [
        'title: a word',
        'version: "1.0.0"',
        '"on": true',
        'none: null',
        'lists:',
        '  - 1',
        '  - "yes"',
        '  - []',
        '  - {}',
        '  - a: 1',
        '    b:',
        '      - 2',
        '"a: b": "line\\nbreak"',
        '',
      ].join('\n'),
    );
  });

  it('writes what a parser reads as the same value', { timeout: 20_000 }, () => {
    // JSON has no negative zero.
    const json = fc
      .jsonValue({ noUnicodeString: false })
      .map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);
    fc.assert(fc.property(json, (value) => void expect(parse(yamlText(value), { maxAliasCount: 0 })).toEqual(value)));
  });
});
