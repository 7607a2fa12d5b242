import { describe, expect, it } from 'vitest';
import { nearest } from '../../../lib/options/nearest.js';

describe('nearest', () => {
  const known = ['port', 'host', 'transports'];
  it.each([
    ['prot', 'port'],
    ['PORT', 'port'],
    ['transport', 'transports'],
    ['hosts', 'host'],
    ['address', undefined],
    ['x', undefined],
  ])('takes %s for %s', (word, expected) => {
    expect(nearest(word, known)).toBe(expected);
  });
});
