import { describe, expect, it, vi } from 'vitest';
import { CallCodecs } from '../../../../lib/codec/call-codecs.js';
import { JsonCodec } from '../../../../lib/codec/json/json-codec.js';
import { YamlCodec } from '../../../../lib/codec/yaml/yaml-codec.js';
import { CalledServices } from '../../../../lib/node/middleware/called-service.js';
import { resolveMeshOptions } from '../../../../lib/options/resolve-options.js';
import { urnOf } from '../../../support/middleware-fixtures.js';

const PATHS = ['/mesh-rpc/v1', '/mesh/invoke'];

interface Called {
  readonly path: string;
  readonly wire?: 'http';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

function services() {
  const options = resolveMeshOptions({}, {});
  const codec = new JsonCodec(options);
  const decode = vi.spyOn(codec, 'decode');
  const called = new CalledServices(new CallCodecs(codec, [new YamlCodec(options)]));
  const of = (call: Called): string => called.of({ wire: 'grpc', contentType: 'application/x-yaml', ...call });
  return { of, decode };
}

const bodyWith = (attachments: object): Uint8Array => Buffer.from(JSON.stringify({ kind: 'JWT', attachments }));

describe('the service that is called', () => {
  it.each(PATHS)('at %s is that of the header', (path) => {
    const { of, decode } = services();
    for (let i = 0; i < 3; i++) {
      expect(of({ path, headers: { 'mesh-urn': urnOf('mesh.a.b') }, body: bodyWith({}) })).toBe('mesh.a.b');
    }
    expect(decode).not.toHaveBeenCalled();
  });

  it('is that of the body where no header names one: nobody is passed by in that way', () => {
    const { of } = services();
    expect(of({ path: PATHS[0]!, headers: {}, body: bodyWith({ 'mesh-urn': urnOf('mesh.a.b') }) })).toBe('mesh.a.b');
    expect(of({ path: PATHS[0]!, headers: { 'mesh-urn': '' }, body: bodyWith({ 'mesh-urn': urnOf('mesh.c') }) })).toBe(
      'mesh.c',
    );
  });

  it('is that of a body in the codec that HTTP says', () => {
    const { of } = services();
    const body = Buffer.from(`attachments:\n  mesh-urn: ${urnOf('mesh.a.b')}\n`);
    expect(of({ path: PATHS[1]!, wire: 'http', headers: {}, body })).toBe('mesh.a.b');
    expect(of({ path: PATHS[1]!, headers: {}, body })).toBe('');
  });

  it.each([
    ['no URN', { 'mesh-urn': 'nonsense' }, bodyWith({})],
    ['nothing', {}, bodyWith({})],
    ['nothing that can be read', {}, Buffer.from('{')],
    ['no bytes', {}, undefined],
  ])('is none where there is %s', (_, headers, body) => {
    const { of } = services();
    expect(of({ path: PATHS[0]!, headers, body })).toBe('');
  });

  it('is none at other paths', () => {
    const { of } = services();
    expect(of({ path: '/else', headers: { 'mesh-urn': urnOf('mesh.a.b') } })).toBe('');
  });

  it('is remembered for so many URNs, and parsed for the others', () => {
    const { of } = services();
    for (let i = 0; i < 5_000; i++) {
      expect(of({ path: PATHS[0]!, headers: { 'mesh-urn': urnOf(`mesh.a.s${i}`) } })).toBe(`mesh.a.s${i}`);
    }
  });
});
