import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import {
  decodeStatusMessage,
  decodeTimeout,
  encodeStatusMessage,
  encodeTimeout,
  requestHeaders,
  wireHeadersOf,
} from '../../../../lib/transport/grpc/headers.js';

describe('grpc-timeout', () => {
  it.each([
    [1_500, '1500m'],
    [0.2, '1m'],
    [-5, '0m'],
    [99_999_999, '99999999m'],
    [100_000_000, '100000S'],
    [1e12, '277778H'],
    [Number.MAX_SAFE_INTEGER, '99999999H'],
  ])('says %d ms as %s', (ms, said) => {
    expect(encodeTimeout(ms)).toBe(said);
  });

  it('is never shorter than the time left, and hardly longer', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e10, noNaN: true }), (ms) => {
        const said = decodeTimeout(encodeTimeout(ms)) ?? NaN;
        expect(said).toBeGreaterThanOrEqual(ms);
        expect(said).toBeLessThanOrEqual(ms + 1 + ms / 1e4);
      }),
    );
  });

  it.each([
    ['2H', 7_200_000],
    ['3M', 180_000],
    ['4S', 4_000],
    ['5m', 5],
    ['6u', 0.006],
    ['7n', 0.000007],
  ])('of %s is read', (said, ms) => {
    expect(decodeTimeout(said)).toBeCloseTo(ms, 9);
  });

  it.each(['', '5', 'm', '-5m', '5 m', '5x', '123456789m', '1e3m'])('of %o is malformed', (said) => {
    expect(decodeTimeout(said)).toBeUndefined();
  });
});

describe('grpc-message', () => {
  it('carries any text through printable ASCII', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const escaped = encodeStatusMessage(text);
        expect(escaped).toMatch(/^[\x20-\x7e]*$/);
        expect(decodeStatusMessage(escaped)).toBe(text);
      }),
    );
  });

  it('is cut, and survives half a character', () => {
    expect(encodeStatusMessage('x'.repeat(5_000))).toHaveLength(1_024);
    expect(decodeStatusMessage(encodeStatusMessage('a\ud800b'))).toBe('a\ufffdb');
  });

  it('is taken as it came when it is not escaped', () => {
    expect(decodeStatusMessage('100% sure')).toBe('100% sure');
  });
});

describe('the headers of a request', () => {
  const request = (headers: Record<string, string>): ReturnType<typeof requestHeaders> =>
    requestHeaders('127.0.0.1:7304', '/mesh-rpc/v1', headers, 5_000);

  it('are gRPC', () => {
    expect(request({ 'mesh-urn': 'a.b' })).toEqual({
      ':method': 'POST',
      ':authority': '127.0.0.1:7304',
      ':path': '/mesh-rpc/v1',
      te: 'trailers',
      'content-type': 'application/grpc',
      'grpc-accept-encoding': 'identity,gzip,deflate',
      'grpc-timeout': '5000m',
      'mesh-urn': 'a.b',
    });
    expect(requestHeaders('a:1', '/x', {}, Infinity)).not.toHaveProperty('grpc-timeout');
  });

  it('are not overruled by those of the call', () => {
    expect(request({ te: 'gzip', 'grpc-timeout': '1H', 'content-type': 'text/plain' })).toEqual(request({}));
  });

  it.each([
    ['X-Upper', 'a'],
    [':path', '/x'],
    ['', 'a'],
    ['x y', 'a'],
    ['x', 'ä'],
    ['x', 'a\r\nb: c'],
    ['x', 'a\0'],
  ])('are refused when they cannot be sent: %o = %o', (name, value) => {
    expect(() => request({ [name]: value })).toThrow(
      expect.objectContaining({ code: MeshCode.INVALID_REQUEST, neverSent: true }),
    );
  });
});

describe('the headers that a handler sees', () => {
  it('are those of the caller alone', () => {
    const received = {
      ':path': '/x',
      ':method': 'POST',
      te: 'trailers',
      'content-type': 'application/grpc',
      'grpc-timeout': '1S',
      'user-agent': 'test',
      'mesh-urn': 'a.b',
      'blob-bin': 'AQI',
      'set-cookie': ['a=1', 'b=2'],
    };
    expect({ ...wireHeadersOf(received) }).toEqual({ 'mesh-urn': 'a.b', 'set-cookie': 'a=1, b=2' });
  });

  it('have no prototype to pollute', () => {
    const headers = wireHeadersOf(JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>);
    expect(Object.getPrototypeOf(headers)).toBeNull();
    expect(headers['constructor']).toBe('y');
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });
});
