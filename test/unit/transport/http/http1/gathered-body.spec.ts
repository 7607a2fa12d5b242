import { describe, expect, it } from 'vitest';
import { GatheredBody } from '../../../../../lib/transport/http/http1/gathered-body.js';

const MIB = 1024 * 1024;

describe('a body that is gathered', () => {
  it.each([undefined, 5 * MIB])('holds what was added, in the order in which it was: %s announced', (announced) => {
    const body = new GatheredBody(announced, 8 * MIB);
    const pieces = Array.from({ length: 5 }, (_, at) => Buffer.alloc(MIB, at));
    for (const piece of pieces) body.add(piece);
    expect(body.take().equals(Buffer.concat(pieces))).toBe(true);
    expect(body.missing).toBe(announced === undefined ? Infinity : 0);
  });

  it('takes no memory for more than a mebibyte on the word of the peer', () => {
    const body = new GatheredBody(64 * MIB, 64 * MIB);
    body.add(Buffer.from('a'));
    expect(body.take().buffer.byteLength).toBe(MIB);
  });

  it('takes no more than the limit', () => {
    expect(() => new GatheredBody(11, 10)).toThrow('a message of 11 bytes is over the limit of 10');
    const body = new GatheredBody(undefined, 10);
    body.add(Buffer.alloc(10));
    expect(() => body.add(Buffer.alloc(1))).toThrow('a message of 11 bytes is over the limit of 10');
  });
});
