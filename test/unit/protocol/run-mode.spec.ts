import { describe, expect, it } from 'vitest';
import { RunMode, hasRunMode, parseRunMode } from '../../../lib/protocol/run-mode.js';

describe('a run mode', () => {
  it('is a set of bits', () => {
    const bits = parseRunMode('24');
    expect(bits).toBe(RunMode.DEBUG | RunMode.LOAD_TEST);
    expect(Object.values(RunMode).filter((mode) => hasRunMode(bits, mode))).toEqual([RunMode.DEBUG, RunMode.LOAD_TEST]);
  });

  it.each([undefined, '', '0', 'debug', '-1', '1.5', '1e3', '9'.repeat(100), '64'])('of %j is routine', (text) => {
    expect(parseRunMode(text)).toBe(RunMode.ROUTINE);
  });

  it('keeps the bits that it knows', () => expect(parseRunMode('192')).toBe(RunMode.ROUTINE));
});
