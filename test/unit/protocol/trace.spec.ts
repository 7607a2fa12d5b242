import { isIPv4 } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TraceIds, isSpanId, isTraceId, newTraceId } from '../../../lib/protocol/trace.js';
import { rpcVectors } from '../../support/vectors.js';

const EPOCH = 1_142_974_214_000;

describe('a trace id', () => {
  it("is the host's address in hex and a decimal number, as the reference's is", () => {
    const ids = new TraceIds(
      () => 1_795_355_806_349,
      0,
      () => '192.0.2.2',
    );
    expect(ids.next()).toMatch(/^C0000202\d{19}$/);
    const [, reference = ''] = /"x-ptp-trace-id": "C0000202(\d+)"/.exec(rpcVectors()[0]?.request ?? '') ?? [];
    expect(BigInt(ids.next().slice(8)) >> 22n).toBe(BigInt(reference) >> 22n);
  });

  it('is the exact product, also where a number is not', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4e12 }), fc.integer({ min: 0, max: 4_194_303 }), (ms, start) => {
        const id = new TraceIds(
          () => EPOCH + ms,
          start,
          () => '10.0.0.1',
        ).next();
        expect(BigInt(id.slice(8))).toBe((BigInt(ms) << 22n) + BigInt(start));
      }),
    );
  });

  it('is never given twice, even when the clock is set back or many are made at once', () => {
    const clock = [5, 5, 4, 3, 6, 6, 5].map((ms) => EPOCH + ms);
    const ids = new TraceIds(
      () => clock.shift() ?? EPOCH,
      4_194_303,
      () => '10.0.0.1',
    );
    const given = Array.from({ length: 5_000 }, () => ids.next());
    expect(new Set(given).size).toBe(given.length);
    const real = Array.from({ length: 100_000 }, newTraceId);
    expect(new Set(real).size).toBe(real.length);
  });

  it('goes on into the next millisecond when one is full', () => {
    const ids = new TraceIds(
      () => EPOCH + 1,
      0,
      () => '10.0.0.1',
    );
    const first = ids.next();
    for (let count = 1; count < 4_194_304; count++) ids.next();
    expect(BigInt(ids.next().slice(8)) - BigInt(first.slice(8))).toBe(4_194_304n);
  });

  it('names an address of this host', () => {
    const octets = newTraceId()
      .slice(0, 8)
      .match(/../g)
      ?.map((pair) => Number.parseInt(pair, 16));
    expect(isIPv4(octets?.join('.') ?? '')).toBe(true);
    expect(isTraceId(newTraceId())).toBe(true);
  });

  it.each(['', 'a b', 'a\r\n', 'ü', 'x'.repeat(129)])('is not %j', (text) => {
    expect(isTraceId(text)).toBe(false);
  });
});

describe('a span id', () => {
  it.each(['0', '0.1', '0.1.3', '12.0'])('may be %s', (text) => expect(isSpanId(text)).toBe(true));

  it.each(['', '.', '0.', '.1', '0..1', 'a', '0.a', '0 ', `0${'.1'.repeat(128)}`])('is not %j', (text) => {
    expect(isSpanId(text)).toBe(false);
  });
});
