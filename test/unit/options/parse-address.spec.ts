import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeAddress, formatAddress, parseAddress, parseHost } from '../../../lib/options/parse-address.js';

describe('parseAddress', () => {
  it.each([
    ['10.0.0.7:7304', { host: '10.0.0.7', port: 7304 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['my_service.ns.svc.cluster.local.:65535', { host: 'my_service.ns.svc.cluster.local.', port: 65_535 }],
    ['[::1]:570', { host: '::1', port: 570 }],
    ['[fe80::1%eth0]:570', { host: 'fe80::1%eth0', port: 570 }],
  ])('reads %s', (text, expected) => {
    expect(parseAddress(text)).toEqual(expected);
  });

  it.each([
    '',
    ':570',
    'a:',
    'a:b',
    'a:1:2',
    'a:65536',
    'a:-1',
    'a:1.0',
    'a:000570',
    '::1',
    '::1:570',
    '[::1',
    '[]:1',
    '[localhost]:1',
    '[127.0.0.1]:1',
    '256.1.1.1:1',
    '1.2.3:1',
    'a b:1',
    ' a:1',
    'a..b:1',
    '-a:1',
    'http://a:1',
    'a:1/x',
    'ä:1',
    `${'a'.repeat(254)}:1`,
    'a:١',
  ])('refuses %j', (text) => {
    expect(parseAddress(text, 570)).toBeUndefined();
  });

  it('takes the default port, and wants a port when there is no default', () => {
    expect(parseAddress('a', 570)).toEqual({ host: 'a', port: 570 });
    expect(parseAddress('[::1]', 570)).toEqual({ host: '::1', port: 570 });
    expect(parseAddress('a')).toBeUndefined();
  });

  it('is the inverse of formatAddress', () => {
    const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
    fc.assert(
      fc.property(host, fc.integer({ min: 0, max: 65_535 }), (host, port) => {
        expect(parseAddress(formatAddress({ host, port }))).toEqual({ host, port });
      }),
    );
  });

  it('never throws, and what it reads can be written and read again', () => {
    const likely = fc.stringMatching(/^[[\]:.\da-fA-F%_-]{0,30}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), likely), (text) => {
        const read = parseAddress(text, 570);
        if (read) expect(parseAddress(formatAddress(read))).toEqual(read);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('completeAddress', () => {
  it('adds port 570 and refuses port 0', () => {
    expect(completeAddress('a')).toBe('a:570');
    expect(completeAddress('[::1]')).toBe('[::1]:570');
    expect(completeAddress('a:1')).toBe('a:1');
    expect(completeAddress('a:0')).toBeUndefined();
  });
});

describe('parseHost', () => {
  it.each([
    ['0.0.0.0', '0.0.0.0'],
    ['localhost', 'localhost'],
    ['::', '::'],
    ['[::1]', '::1'],
    ['a:1', undefined],
    ['[::1]:1', undefined],
    ['', undefined],
    ['a b', undefined],
  ])('reads %j as %j', (text, expected) => {
    expect(parseHost(text)).toBe(expected);
  });
});
