import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstWrongToken, jsonKeys } from '../../../../lib/options/files/json-keys.js';
import type { OptionPath } from '../../../../lib/options/files/option-path.js';

describe('the keys of a JSON text', () => {
  it('have offsets, items of lists too', () => {
    const text = '{ "a": { "b\\u0063": [1, {"d": "e,}"}] } }';

    const { offsetOf } = jsonKeys(text);
    const found = (path: OptionPath) => text.slice(offsetOf(path), offsetOf(path)! + 3);

    expect(found(['a'])).toBe('"a"');
    expect(found(['a', 'bc'])).toBe('"b\\');
    expect(found(['a', 'bc', 0])).toBe('1, ');
    expect(found(['a', 'bc', 1])).toBe('{"d');
    expect(found(['a', 'bc', 1, 'd'])).toBe('"d"');
    expect(offsetOf(['a', 'bc', 2])).toBeUndefined();
  });

  it('are known when they stand there twice', () => {
    expect(jsonKeys('{"a":1,"b":{"a":2},"a":3}').twice).toEqual([['a', 19]]);
  });

  it('are all found, whatever the text', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const { offsetOf, twice } = jsonKeys(text);
        for (const path of pathsOf(JSON.parse(text), [])) expect(offsetOf(path)).toBeTypeOf('number');
        expect(twice).toEqual([]);
      }),
    );
  });
});

describe('what is no JSON', () => {
  it.each([
    ['{ "a": tru }', 7],
    ['{ "a": 1', 8],
    ["{ 'a': 1 }", 2],
    ['{ "a": "b }', 7],
  ])('%s is wrong at %i', (text, offset) => {
    expect(firstWrongToken(text)).toBe(offset);
  });

  it('never keeps the search from an end', () => {
    fc.assert(fc.property(fc.string(), (text) => firstWrongToken(text) <= text.length));
  });
});

function pathsOf(value: unknown, path: OptionPath): readonly OptionPath[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    return [at, ...pathsOf(inner, at)];
  });
}
