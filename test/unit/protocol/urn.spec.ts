import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { formatFlag } from '../../../lib/protocol/flag.js';
import { codecNumberIn, formatUrn, parseUrn, sameId } from '../../../lib/protocol/urn.js';
import { urnVectors } from '../../support/vectors.js';

const FLAG = formatFlag();

const word = fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/);
const segment = fc.oneof(
  word,
  fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => `\${${words.join('.')}}`),
);
const name = fc.array(segment, { minLength: 1, maxLength: 6 }).map((segments) => segments.join('.'));
const domain = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join('.'));

const anyText = fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) });

describe('a URN', () => {
  it.each(urnVectors().map((vector) => [vector.urn, vector] as const))(
    '%s',
    (urn, { name, node_id: nodeId, flag, parsed }) => {
      expect(formatUrn({ name, nodeId, flag: { ...flag, port: Number(flag.port) } })).toBe(urn);
      expect(parseUrn(urn)).toEqual({
        name: parsed.name,
        nodeId: parsed.node_id,
        flag: { ...parsed.flag, port: Number(parsed.flag.port) },
        domain: 'trustbe.cn',
      });
    },
  );

  it('survives the way there and back, whatever the name and domain', () => {
    fc.assert(
      fc.property(name, word, domain, (name, nodeId, domain) => {
        const urn = parseUrn(formatUrn({ name, nodeId, domain }));
        expect(urn).toMatchObject({ name, nodeId: nodeId.toLowerCase(), domain: domain.toLowerCase() });
        expect(formatUrn(urn)).toBe(formatUrn({ name, nodeId, domain }));
      }),
    );
  });

  it('is read without regard to case, but keeps that of the name', () => {
    expect(parseUrn(`applyAll.Trust.mesh.${FLAG}.LX0000000000000.TrustBe.CN`)).toMatchObject({
      name: 'mesh.Trust.applyAll',
      nodeId: 'lx0000000000000',
      domain: 'trustbe.cn',
    });
  });

  it.each([
    ['', /must be <name reversed>/],
    ['apply.trust.mesh', /must be <name reversed>\.<flag of 37 digits>\.<node>\.<domain>, got 'apply\.trust\.mesh'/],
    [`${FLAG}.lx0.trustbe.cn`, /must be <name reversed>/],
    [`.${FLAG}.lx0.trustbe.cn`, /must be <name reversed>/],
    [`apply.${FLAG}.lx0`, /must be <name reversed>/],
    [`apply.${FLAG}..trustbe.cn`, /the node id must be printable ASCII/],
    [`apply.0001.lx0.trustbe.cn`, /must be <name reversed>/],
    [`apply..mesh.${FLAG}.lx0.trustbe.cn`, /the name must be segments/],
    [`.apply.${FLAG}.lx0.trustbe.cn`, /the name must be segments/],
    [`apply.\${mesh.name.${FLAG}.lx0.trustbe.cn`, /the name must be segments/],
    [`apply.mesh.name}.${FLAG}.lx0.trustbe.cn`, /the name must be segments/],
    [`app ly.${FLAG}.lx0.trustbe.cn`, /the name must be segments/],
    [`应用.${FLAG}.lx0.trustbe.cn`, /the name must be segments/],
    [`apply.${FLAG}.l\u00fc0.trustbe.cn`, /the node id must be printable ASCII/],
    [`apply.${FLAG}.lx0.trustbe..cn`, /the domain must be segments/],
    [`apply\n.${FLAG}.lx0.trustbe.cn`, /the name must be segments/],
    [`apply.${'9'.repeat(37)}.lx0.trustbe.cn`, /the flag of the URN is invalid/],
    [`${'a'.repeat(1024)}.${FLAG}.lx0.trustbe.cn`, /at most 1024 characters, got \d+/],
  ])('refuses to read %j', (text, message) => {
    expect(() => parseUrn(text)).toThrow(message);
    expect(() => parseUrn(text)).toThrow(expect.objectContaining({ code: MeshCode.INVALID_REQUEST }));
  });

  it.each([
    ['', 'lx0', 'trustbe.cn'],
    ['mesh..apply', 'lx0', 'trustbe.cn'],
    ['mesh.应用', 'lx0', 'trustbe.cn'],
    ['mesh.apply\r\nx: y', 'lx0', 'trustbe.cn'],
    ['mesh.apply', '', 'trustbe.cn'],
    ['mesh.apply', 'lx.0', 'trustbe.cn'],
    ['mesh.apply', 'lx0', ''],
    ['mesh.apply', 'lx0', 'trust be'],
    ['a'.repeat(1024), 'lx0', 'trustbe.cn'],
  ])('refuses to write %j at %j in %j', (name, nodeId, domain) => {
    expect(() => formatUrn({ name, nodeId, domain })).toThrow(MeshError);
  });

  it('never fails with anything but a MeshError', () => {
    const pieces = fc.array(fc.oneof(fc.constantFrom('.', '${', '}', FLAG, 'lx0', '\n', '\0'), fc.string()));
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          pieces.map((list) => list.join('')),
        ),
        (text) => {
          try {
            const urn = parseUrn(text);
            expect(formatUrn(urn)).toBeTypeOf('string');
            expect(codecNumberIn(text)).toBe(urn.flag.codec);
          } catch (error) {
            expect(error).toBeInstanceOf(MeshError);
          }
        },
      ),
    );
  });

  it('tells the codec without being read whole', () => {
    const flag = (codec: string): string => formatFlag({ codec });
    expect(codecNumberIn(`apply.trust.${flag('04')}.lx0.trustbe.cn`)).toBe('04');
    // The last one counts, whatever the name says.
    expect(codecNumberIn(`apply.${flag('04')}.trust.${flag('02')}.lx0.trustbe.cn`)).toBe('02');
    for (const none of ['', 'apply.trust', flag('04'), `.${flag('04')}`, `${'a.'.repeat(1_024)}${flag('04')}.lx0.cn`]) {
      expect(codecNumberIn(none)).toBeUndefined();
    }
  });

  it('compares ids without case', () => {
    expect(sameId('LX0000000000000', 'lx0000000000000')).toBe(true);
    expect(sameId('LX0000000000000', 'LX0000000000001')).toBe(false);
    expect(sameId('LX', 'LX0')).toBe(false);
  });
});
