import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { readKindAsked, readRegistration, readRegistrationKey } from '../../../lib/registry/read-registration.js';
import { writeRegistration } from '../../../lib/registry/write-registration.js';
import { registrationOf } from '../../support/registration-fixtures.js';

interface Recorded {
  readonly sdk: string;
  readonly body: string;
}

const url = new URL('../../support/vectors/registrations.json', import.meta.url);
const recorded = JSON.parse(readFileSync(url, 'utf8')) as readonly Recorded[];
const URN = 'apply.trust.mesh.0001000000000000000000000000000000000.lx0000000000000.trustbe.cn';

/** The least that registers a service. */
const least = { instance_id: 'a:1', content: { services: [{ urn: URN }] } };

function read(changes: Readonly<Record<string, unknown>>): ReturnType<typeof readRegistration> {
  return readRegistration({ ...least, ...changes });
}

function refused(changes: Readonly<Record<string, unknown>>): MeshError {
  try {
    read(changes);
  } catch (error) {
    if (error instanceof MeshError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('readRegistration', () => {
  it.each(recorded)('reads what $sdk sends', ({ body }) => {
    const { registration } = JSON.parse(body) as { readonly registration: unknown };
    const read = readRegistration(registration);
    expect(read).toMatchObject({ name: 'vectors', kind: 'metadata', lifetimeMs: 30_000 });
    expect(read.address).toBe(read.instanceId);
    expect(read.services).toContainEqual(
      expect.objectContaining({
        urn: 'big.kinds.vectors.0001000000000000000000000000000000000.lx0000000000000.trustbe.cn',
        proto: 'grpc',
        timeout: 10_000,
        lang: 'Python3',
        address: read.address,
      }),
    );
    expect(read.services.every(({ lang }) => lang === 'Python3')).toBe(true);
    expect(read.references.some(({ urn }) => urn.startsWith('big.'))).toBe(false);
  });

  it.each(recorded)('writes what $sdk sends as it reads it', ({ body }) => {
    const { registration } = JSON.parse(body) as { readonly registration: Record<string, unknown> };
    const written = JSON.parse(JSON.stringify(writeRegistration(readRegistration(registration)))) as unknown;
    const { services, references } = registration['content'] as Record<'services' | 'references', unknown[]>;
    const content = services.length > 0 ? { services, references } : { services: references, references: services };
    expect(written).toEqual({ ...registration, content });
  });

  it('fills in what is missing', () => {
    expect(read({})).toMatchObject({
      instanceId: 'a:1',
      address: 'a:1',
      name: '',
      kind: 'metadata',
      lifetimeMs: 30_000,
      services: [{ urn: URN, proto: '', timeout: 0, attrs: {} }],
      references: [],
    });
    expect(readRegistration({ address: '10.0.0.7' })).toMatchObject({
      instanceId: '10.0.0.7',
      address: '10.0.0.7:570',
    });
    expect(readRegistration({ instance_id: 'x', content: { services: [{ urn: URN, address: 'b:2' }] } }).address).toBe(
      'b:2',
    );
  });

  it('reads camelCase, null for nothing, numbers as texts and texts as numbers, and content that is a list', () => {
    const said = { instanceId: 'x', address: 'a:1', name: null, kind: 'METADATA', timestamp: '5000', extra: {} };
    const services = [{ urn: URN, version: 1, timeout: '20', retries: null, proto: 'GRPC', attrs: { a: 1, b: null } }];
    expect(readRegistration({ ...said, content: services })).toMatchObject({
      instanceId: 'x',
      name: '',
      kind: 'metadata',
      lifetimeMs: 5_000,
      services: [{ version: '1', timeout: 20, retries: 0, proto: 'grpc', attrs: { a: '1', b: '' } }],
    });
  });

  it('is its own inverse', () => {
    const registration = registrationOf('a:1', ['mesh.trust.apply', '${mesh.name}.builtin.doc']);
    const sent = JSON.parse(JSON.stringify(writeRegistration(registration))) as unknown;
    expect(readRegistration(sent)).toEqual(registration);
  });

  it.each<readonly [what: string, changes: Readonly<Record<string, unknown>>, message: RegExp]>([
    ['a kind that there is not', { kind: 'metdata' }, /kind must be one of metadata, .*got "metdata"/],
    ['no address', { instance_id: 'the 1st' }, /address must be host:port.*got "the 1st"/],
    ['an address that is none', { address: 'a:b:c' }, /address must be host:port/],
    ['port 0', { address: 'a:0' }, /address must be host:port/],
    ['a lifetime that is negative', { timestamp: -1 }, /timestamp must be a number that is not negative, got -1/],
    ['a lifetime that is none', { timestamp: Number.NaN }, /timestamp must be a number/],
    ['a lifetime that is an object', { timestamp: {} }, /timestamp must be a number/],
    ['a date for a lifetime', { timestamp: 1_795_375_730_049 }, /at most 86400000 ms \(it is no date\)/],
    ['an integer beyond all numbers', { timestamp: 10n ** 400n }, /timestamp must be a number/],
    ['control characters', { name: 'a\nb' }, /registration\.name must be a text/],
    ['half a character', { name: '\ud800' }, /registration\.name must be a text/],
    ['a name that is an object', { name: {} }, /registration\.name must be a text.*got an object of 0/],
    ['a name that is too long', { name: 'x'.repeat(2_000) }, /of 2000 characters$/],
    ['attachments that are a list', { attachments: [] }, /attachments must be a map of texts/],
    [
      'too many attachments',
      { attachments: Object.fromEntries(Array.from({ length: 300 }, (_, i) => [i, ''])) },
      /256/,
    ],
    ['content that is a text', { content: 'none' }, /registration\.content must be an object, got "none"/],
    ['services that are a map', { content: { services: {} } }, /services must be an array/],
    ['a service that is a text', { content: { services: ['a'] } }, /services\[0\] must be an object, got "a"/],
    [
      'too many services',
      { content: { services: Array.from({ length: 3_000 }, () => ({ urn: URN })) } },
      /at most 2048/,
    ],
  ])('refuses %s', (_, changes, message) => {
    expect(refused(changes)).toMatchObject({ code: 'E0000000400', message: expect.stringMatching(message) as string });
  });

  it('refuses one of a mebibyte', () => {
    const attachments = Object.fromEntries(Array.from({ length: 128 }, (_, i) => [`a${i}`, 'x'.repeat(8_192)]));
    expect(refused({ attachments }).code).toBe('E0000000413');
  });

  it.each([undefined, null, 1, 'x', [], new Uint8Array(1)])('refuses %s for a registration', (value) => {
    expect(() => readRegistration(value)).toThrow(/^registration must be an object/);
  });

  it('takes names such as __proto__ for names', () => {
    const attachments = JSON.parse('{"__proto__":"x","constructor":"y"}') as unknown;
    expect(Object.entries(read({ attachments, name: 'constructor' }).attachments)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  it('takes whatever it is given, or says why not', () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.bigInt(), fc.constant(URN));
    const record = fc.dictionary(
      fc.constantFrom('instance_id', 'instanceId', 'name', 'kind', 'address', 'timestamp', 'attachments', 'content'),
      value,
    );
    const services = fc.array(fc.dictionary(fc.constantFrom('urn', 'name', 'timeout', 'attrs', 'lang'), value), {
      maxLength: 3,
    });
    const content = fc.record({ services, references: services }, { requiredKeys: [] });
    fc.assert(
      fc.property(record, content, fc.boolean(), (fields, inner, withContent) => {
        try {
          const registration = readRegistration(withContent ? { ...fields, content: inner } : fields);
          expect(registration.lifetimeMs).toBeGreaterThan(0);
          expect(registration.instanceId).not.toBe('');
        } catch (error) {
          expect(error).toBeInstanceOf(MeshError);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('readRegistrationKey', () => {
  it('needs no more than the id of the instance', () => {
    expect(readRegistrationKey({ instance_id: 'x' })).toEqual({ instanceId: 'x', kind: undefined });
    expect(readRegistrationKey({ instanceId: 'x', kind: 'complex' })).toEqual({ instanceId: 'x', kind: 'complex' });
    expect(() => readRegistrationKey({})).toThrow(/instance_id must be the id of an instance/);
  });
});

describe('readKindAsked', () => {
  it('takes nothing, and *, for every kind', () => {
    expect([undefined, null, '', '*'].map(readKindAsked)).toEqual([undefined, undefined, undefined, undefined]);
    expect(readKindAsked('complex')).toBe('complex');
    expect(() => readKindAsked('none')).toThrow(/kind must be one of/);
  });
});
