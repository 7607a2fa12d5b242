import { describe, expect, it } from 'vitest';
import { parseTraceparent } from '../../../lib/protocol/traceparent.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

describe('a traceparent', () => {
  it.each([
    ['01', true],
    ['00', false],
    ['03', true],
  ])('with the flags %s', (flags, sampled) => {
    expect(parseTraceparent(`00-${TRACE}-${PARENT}-${flags}`)).toEqual({
      version: '00',
      traceId: TRACE,
      parentId: PARENT,
      sampled,
    });
  });

  it('of a later version may have more', () => {
    expect(parseTraceparent(`cc-${TRACE}-${PARENT}-01-what-comes`)).toMatchObject({ version: 'cc', traceId: TRACE });
  });

  it.each([
    undefined,
    '',
    'nonsense',
    `ff-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01-more`,
    `00-${TRACE}-${PARENT}-01\n`,
    `00-${TRACE}-${PARENT}`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `cc-${TRACE}-${PARENT}-01-${'x'.repeat(256)}`,
  ])('is not %j', (text) => expect(parseTraceparent(text)).toBeUndefined());
});
