import { array, assert, integer, nat, oneof, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isUnescaped } from '../../../../lib/codec/json/is-unescaped.js';

describe('isUnescaped', () => {
  const plain = Buffer.alloc(67, 'a');

  it('finds the one byte that has to be escaped, or is no ASCII, wherever it stands', () => {
    for (let at = 0; at < plain.length; at++) {
      for (const byte of [0x00, 0x0a, 0x1f, 0x80, 0xa0, 0xff]) {
        const bytes = Uint8Array.from(plain);
        bytes[at] = byte;
        expect(isUnescaped(bytes, 0, bytes.length)).toBe(false);
        expect(isUnescaped(bytes, 0, at) && isUnescaped(bytes, at + 1, bytes.length)).toBe(true);
      }
    }
  });

  it('says the same as a look at each byte', () => {
    const byte = oneof({ weight: 50, arbitrary: integer({ min: 0x20, max: 0x7f }) }, integer({ min: 0, max: 255 }));
    assert(
      property(array(byte, { maxLength: 80 }), nat(80), nat(80), (list, one, other) => {
        const begin = Math.min(one, other, list.length);
        const end = Math.min(Math.max(one, other), list.length);
        const expected = list.slice(begin, end).every((value) => value >= 0x20 && value < 0x80);
        expect(isUnescaped(Uint8Array.from(list), begin, end)).toBe(expected);
      }),
    );
  });
});
