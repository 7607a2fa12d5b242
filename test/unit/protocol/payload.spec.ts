import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PayloadReader, PayloadWriter } from '../../../lib/protocol/payload.js';

describe('a writer of payloads', () => {
  it('hands out what was written, which stays as it is whatever is written next', () => {
    const out = new PayloadWriter(64);
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ maxLength: 100 }), fc.nat()), { maxLength: 20 }), (values) => {
        const taken = values.map((value) => {
          out.clear();
          if (typeof value === 'number') out.number(7);
          // Only what stands after the last clear() is handed out.
          out.clear();
          return (typeof value === 'number' ? out.number(value) : out.text(value)).take();
        });
        expect(
          taken.map((bytes, index) => {
            const input = new PayloadReader(bytes);
            const value = typeof values[index] === 'number' ? input.number() : input.text();
            expect(input.done).toBe(true);
            return value;
          }),
        ).toEqual(values);
      }),
    );
  });

  it('takes little memory for little, and no more than it needs for much', () => {
    const out = new PayloadWriter(1_024);
    const [first, second] = [out.text('a').take(), out.text('b').take()];
    expect(second.buffer).toBe(first.buffer);
    const large = out.number(1).raw(Buffer.alloc(100_000)).take();
    expect(large.length).toBe(100_001);
    expect(large.buffer.byteLength).toBeLessThan(101_000);
    expect(out.text('c').take().buffer.byteLength).toBe(1_024);
  });
});
