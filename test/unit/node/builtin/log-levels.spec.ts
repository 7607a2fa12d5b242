import { describe, expect, it } from 'vitest';
import { levelsFor } from '../../../../lib/node/builtin/log-levels.js';

describe('levelsFor', () => {
  it.each([
    ['off', 0],
    ['0', 0],
    ['fatal', 1],
    ['1', 1],
    ['ERROR', 2],
    ['3', 2],
    [' warning ', 3],
    ['7', 3],
    ['log', 4],
    ['info', 4],
    ['15', 4],
    ['31', 5],
    ['stack', 6],
    ['63', 6],
    ['all', 6],
    ['127', 6],
  ])('%j is the gravest %i levels', (level, count) => {
    expect(levelsFor(level)).toEqual(['fatal', 'error', 'warn', 'log', 'debug', 'verbose'].slice(0, count));
  });

  it.each(['', 'loud', '128', '-1', '1.5', '__proto__', 'toString'])('%j is none', (level) => {
    expect(() => levelsFor(level)).toThrow('is no log level');
  });
});
