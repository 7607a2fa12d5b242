import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_DETAILS, type PartnerRoute, RouteStatus } from '../../../../lib/node/partners/partner-route.js';
import { readRoute } from '../../../../lib/node/partners/read-route.js';
import { writeRoute, writeRouteToKeep } from '../../../../lib/node/partners/write-route.js';
import { thrownBy } from '../../../support/dialect-fixtures.js';

const id = fc.stringMatching(/^[\w-]{1,64}$/);
const name = fc.stringMatching(/^[ -~节点]{0,40}$/);
const prose = fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => text.replaceAll(/[\p{Cc}\p{Cs}]/gu, '\n'));
const count = fc.maxSafeNat();
const address = fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 65_535 })).map(([host, port]) => `${host}:${port}`);
const way = fc.oneof(
  fc.record({
    transport: fc.constant('grpc' as const),
    via: fc.constant('transport' as const),
    mode: fc.constant('wrapped' as const),
    contentType: fc.constant('application/x-protobuf'),
  }),
  fc.record({
    transport: fc.constant('grpc' as const),
    via: fc.constant('invoke' as const),
    mode: fc.constantFrom('wrapped' as const, 'pass-through' as const),
    contentType: fc.constant('application/x-protobuf'),
  }),
  fc.record({
    transport: fc.constant('http' as const),
    via: fc.constant('invoke' as const),
    mode: fc.constantFrom('wrapped' as const, 'pass-through' as const),
    contentType: fc.constantFrom('application/json', 'application/x-protobuf'),
  }),
);
const details = fc.record({
  name,
  instName: name,
  describe: prose,
  status: fc.integer({ min: 1, max: 0x7fff_ffff }),
  version: count,
  authCode: prose,
  expireAt: fc.integer({ min: 0, max: 8_640_000_000_000_000 }),
  extra: fc.oneof(prose, fc.json({ maxDepth: 1 }), fc.constant('{"way":{"transport":"http"}}')),
  group: name,
  upstream: count,
  downstream: count,
  staticIp: name,
  proxy: name,
  concurrency: count,
  hostRoot: prose,
  hostKey: prose,
  hostCrt: prose,
  guestRoot: prose,
  guestKey: prose,
  guestCrt: prose,
});
const route: fc.Arbitrary<PartnerRoute> = fc
  .record({
    nodeId: id,
    instId: fc.oneof(id, fc.constant('')),
    addresses: fc.uniqueArray(address, { minLength: 1, maxLength: 4 }),
    dialect: fc.constantFrom('standard', 'mesh'),
    timeoutMs: fc.integer({ min: 1, max: 2_147_483_647 }),
    details,
  })
  .chain((rest) => way.map((one) => ({ ...rest, ...one, origin: 'administration' as const })));

const SECRETS = { hostKey: 'host key', guestKey: 'guest key', authCode: 'a code' };
const known: PartnerRoute = {
  ...readRoute({ node_id: 'LX2', inst_id: 'JG2', address: 'a:1', transport: 'http', content_type: 'application/json' }),
  details: { ...NO_DETAILS, ...SECRETS, name: 'two', status: RouteStatus.DISABLED, expireAt: 5 },
};

describe('readRoute', () => {
  it('reads what is written to be kept as it was', () => {
    fc.assert(
      fc.property(route, (one) => {
        const written: unknown = JSON.parse(JSON.stringify(writeRouteToKeep(one)));
        expect(readRoute(written)).toEqual(one);
      }),
    );
  });

  it('reads what is written for others as it was, its secrets out of the route that is known', () => {
    fc.assert(
      fc.property(route, (one) => {
        expect(readRoute(writeRoute(one), () => one)).toEqual(one);
      }),
    );
  });

  it('reads what the documents of the reference node show', () => {
    const said = { node_id: 'LX0000010000280', inst_id: 'JG0100002800000000', address: '192.168.100.63:27304' };
    expect(readRoute({ ...said, guest_root: '', guest_crt: '' })).toEqual({
      nodeId: 'LX0000010000280',
      instId: 'JG0100002800000000',
      addresses: ['192.168.100.63:27304'],
      transport: 'auto',
      mode: 'pass-through',
      dialect: 'standard',
      contentType: 'application/x-protobuf',
      timeoutMs: 20_000,
      via: 'invoke',
      origin: 'administration',
      details: NO_DETAILS,
    });
  });

  it('reads numbers from texts, and names in camelCase, and passes over what it does not know', () => {
    const said = {
      nodeId: 'LX2',
      instId: 'JG2',
      address: 'a,b:1',
      status: '36',
      expireAt: '7',
      hostCrt: 'pem',
      no: [1],
    };
    const { instId, addresses, details } = readRoute({ ...said, timeoutMs: '5', chunk_size: '', create_at: 'then' });
    expect({ instId, addresses }).toEqual({ instId: 'JG2', addresses: ['a:1', 'b:1'] });
    expect(details).toEqual({ ...NO_DETAILS, status: 36, expireAt: 7, hostCrt: 'pem' });
  });

  it('takes addresses as a list, as partners in options have them', () => {
    expect(readRoute({ nodeId: 'LX2', address: ['a:1', 'b:2'] }).addresses).toEqual(['a:1', 'b:2']);
  });

  it.each([
    [0, 0],
    ['', 0],
    [1_893_456_000_000, 1_893_456_000_000],
    ['1893456000000', 1_893_456_000_000],
    ['2030-01-01T00:00:00Z', 1_893_456_000_000],
    ['2030-01-01T02:00:00+02:00', 1_893_456_000_000],
    ['0001-01-01T00:00:00Z', 0],
  ])('reads %j as the end of an agreement', (expire_at, expected) => {
    expect(readRoute({ node_id: 'LX2', expire_at }).details.expireAt).toBe(expected);
  });

  it.each([
    ['beside', { transport: 'http', content_type: 'application/json', timeout_ms: 9 }],
    ['in extra', { extra: '{"way":{"transport":"http","contentType":"application/json","timeoutMs":"9"}}' }],
    [
      'in extra, as an object',
      { extra: { way: { transport: 'http', content_type: 'application/json', timeout_ms: 9 } } },
    ],
    [
      'in both, of which that beside counts',
      { transport: 'http', content_type: 'application/json', extra: '{"way":{"transport":"grpc","timeout_ms":9}}' },
    ],
  ])('reads how the partner is reached %s', (_, said) => {
    const read = readRoute({ node_id: 'LX2', address: 'a:1', ...said });
    expect(read).toMatchObject({ transport: 'http', contentType: 'application/json', timeoutMs: 9 });
  });

  it.each(['', 'text', '[1]', '{"transport":{}}', '{"way":1}', '{"__proto__":{"way":{"transport":"http"}}}'])(
    'leaves what else stands in extra alone: %s',
    (extra) => {
      const read = readRoute({ node_id: 'LX2', extra });
      expect(read).toMatchObject({ transport: 'auto', details: { extra } });
    },
  );

  it.each([
    ['secrets and addresses that are empty', { address: '', host_key: '', guest_key: '', auth_code: '', status: 0 }],
    ['what is absent', {}],
    ['what is null', { address: null, inst_id: null, name: null, status: null, transport: null, expire_at: null }],
  ])('leaves as it was: %s', (_, said) => {
    expect(readRoute({ node_id: 'LX2', ...said }, (nodeId) => (nodeId === 'LX2' ? known : undefined))).toEqual(known);
  });

  it('takes what is said for what was', () => {
    const read = readRoute({ node_id: 'LX2', name: '', status: 6, expire_at: 0, address: 'b:2' }, () => known);
    expect(read).toMatchObject({ addresses: ['b:2'], contentType: 'application/json' });
    expect(read.details).toEqual({ ...NO_DETAILS, ...SECRETS, status: 6 });
  });

  it('forgets the content type of another transport', () => {
    expect(readRoute({ node_id: 'LX2', transport: 'grpc' }, () => known)).toMatchObject({
      transport: 'grpc',
      contentType: 'application/x-protobuf',
    });
  });

  it.each([
    [null, 'route must be an object, got none'],
    [[], 'route must be an object, got an array of 0'],
    [{}, "route.node_id must be 1 to 64 letters, digits, '_' or '-', got ''"],
    [{ node_id: 'a/b' }, 'route.node_id must be'],
    [{ node_id: { toString: 1 } }, 'route.node_id must be a text'],
    [{ node_id: 'LX2', address: 'no address' }, 'route.address must be host:port, or several separated by commas'],
    [{ node_id: 'LX2', address: [{}] }, 'route.address[0] must be a text, got an object'],
    [
      { node_id: 'LX2', address: Array.from({ length: 65 }, () => 'a:1') },
      'route.address must be at most 64 addresses',
    ],
    [{ node_id: 'LX2', status: -1 }, 'route.status must be a number that is not negative'],
    [{ node_id: 'LX2', status: 2 ** 31 }, 'route.status must be bits of a number'],
    [{ node_id: 'LX2', expire_at: 'soon' }, 'route.expire_at must be a time in ms since 1970, or a date'],
    [{ node_id: 'LX2', expire_at: 1e300 }, 'route.expire_at must be'],
    [{ node_id: 'LX2', name: 'x'.repeat(1_025) }, 'route.name must be a text of at most 1024 characters'],
    [{ node_id: 'LX2', name: 'a\nb' }, 'route.name must be a text'],
    [{ node_id: 'LX2', describe: 'x'.repeat(8_193) }, 'route.describe must be a text of at most 8192 characters'],
    [{ node_id: 'LX2', guest_crt: 'x'.repeat(32_769) }, 'route.guest_crt must be a text of at most 32768 characters'],
    [{ node_id: 'LX2', transport: 'mqtt' }, "route.transport must be 'auto' or 'grpc' or 'http' or 'tcp', got 'mqtt'"],
    [{ node_id: 'LX2', extra: { way: { via: 'x' } } }, "route.via must be 'invoke' or 'transport', got 'x'"],
  ])('refuses %j', (value, message) => {
    const error = thrownBy(() => readRoute(value));
    expect(error.code).toBe('E0000000400');
    expect(error.message).toContain(message);
  });

  it('does not quote a key that is wrong', () => {
    expect(thrownBy(() => readRoute({ node_id: 'LX2', host_key: 'secret\0' })).message).not.toContain('secret');
  });

  it('is not misled by names that every object has', () => {
    const hostile: unknown = JSON.parse(
      '{"node_id":"__proto__","__proto__":{"address":"a:1","name":"x"},"constructor":1}',
    );
    expect(readRoute(hostile)).toMatchObject({ nodeId: '__proto__', addresses: [], details: { name: '' } });
  });
});

describe('writeRoute', () => {
  it('tells nobody the keys and the authorisation code', () => {
    const written = JSON.stringify(writeRoute(known));
    for (const secret of Object.values(SECRETS)) expect(written).not.toContain(secret);
    expect(writeRoute(known)).toMatchObject({ node_id: 'LX2', address: 'a:1', name: 'two', status: 32, expire_at: 5 });
  });
});
