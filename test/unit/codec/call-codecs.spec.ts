import { MeshCode, MeshError } from 'nestjs-mesh';
import type { Codec } from 'nestjs-mesh/spi';
import { describe, expect, it } from 'vitest';
import { CallCodecs } from '../../../lib/codec/call-codecs.js';
import { formatUrn } from '../../../lib/protocol/urn.js';

/** A codec that writes its name before what it says. */
function codecOf(format: string, ...contentTypes: readonly string[]): Codec {
  return {
    format,
    contentTypes,
    encode: (value) => Buffer.from(`${format} ${JSON.stringify(value)}`),
    decode: (bytes) => bytes,
  };
}

const json = codecOf('json', 'application/json');
const yaml = codecOf('yaml', 'application/x-yaml', 'Application/YAML');
const msgpack = codecOf('msgpack', 'application/x-msgpack');
const form = codecOf('form', 'application/x-www-form-urlencoded');
const others = [form, json, msgpack, yaml];

const grpc = { wire: 'grpc', contentType: 'application/grpc' } as const;
const http = (contentType: string) => ({ wire: 'http', contentType }) as const;

describe('the codec of a call in the form of the standard', () => {
  it.each<readonly [own: Codec, number: string | undefined, codec: Codec]>([
    [json, '00', json],
    [json, '04', yaml],
    [json, '01', json],
    [json, '77', json],
    [json, undefined, json],
    [yaml, '00', json],
    [yaml, '04', yaml],
    [yaml, '01', yaml],
    [yaml, undefined, yaml],
    [msgpack, '00', msgpack],
    [msgpack, '04', yaml],
    [msgpack, undefined, msgpack],
  ])('of a mesh of $0.format is, for the number %2$s, that of the flag', (own, number, codec) => {
    const codecs = new CallCodecs(own, others);
    expect(codecs.ofNumber(number)).toBe(codec);
    expect(codecs.ofCall(grpc, number)).toBe(codec);
    // What HTTP does not say, or nobody reads, or curl says of anything.
    for (const type of ['', 'text/plain', 'application/grpc', 'application/x-www-form-urlencoded']) {
      expect(codecs.ofCall(http(type), number)).toBe(codec);
    }
  });

  it('is over HTTP that of the content type, before the flag', () => {
    for (const own of [json, yaml, msgpack]) {
      const codecs = new CallCodecs(own, others);
      expect(codecs.ofCall(http('application/json'), '04')).toBe(json);
      expect(codecs.ofCall(http('application/yaml'), '00')).toBe(yaml);
      expect(codecs.ofCall(http('application/x-msgpack'), undefined)).toBe(msgpack);
      expect(codecs.ofCall({ ...http('application/yaml'), wire: 'grpc' }, '00')).toBe(codecs.ofNumber('00'));
    }
  });

  it('is the own one of several with its format and content types', () => {
    const own = codecOf('json', 'application/json', 'application/x-yaml');
    const codecs = new CallCodecs(own, others);
    expect([codecs.ofNumber('00'), codecs.ofCall(http('application/json'), '04')]).toEqual([own, own]);
    expect(codecs.ofCall(http('application/x-yaml'), '00')).toBe(own);
  });

  it('is found without JSON, and by no name of Object', () => {
    expect(new CallCodecs(yaml, []).ofNumber('00')).toBe(yaml);
    const odd = codecOf('constructor', 'toString');
    expect(new CallCodecs(odd, others).ofNumber('00')).toBe(odd);
  });

  it('is that of the URN in the headers, where nobody has read it', () => {
    const codecs = new CallCodecs(json, others);
    const urn = formatUrn({ name: 'mesh.a.b', nodeId: 'LX', flag: { codec: '04' } });
    const of = (said: string) => codecs.ofHead({ ...grpc, headers: { 'mesh-urn': said } });
    expect([of(urn), of('nonsense'), of(`${urn}${'x'.repeat(2_000)}`)]).toEqual([yaml, json, json]);
    expect(codecs.ofHead({ ...grpc, headers: {} })).toBe(json);
  });
});

describe('a failure', () => {
  const error = new MeshError(MeshCode.FORBIDDEN, 'not you');
  const saidBy = (codec: Codec): string =>
    Buffer.from(new CallCodecs(json, others).failure(error, codec).body).toString();

  it('is written by the codec of the call', () => {
    expect(saidBy(yaml)).toMatch(/^yaml .*E0000000403/);
    expect(new CallCodecs(json, others).failure(error, yaml).contentType).toBe('application/x-yaml');
  });

  it('is told in other words by a codec that cannot say it, and by the own one when it can say nothing', () => {
    const refusing = (count: number): Codec => ({
      ...yaml,
      encode(value) {
        if (count-- > 0) throw new MeshError(MeshCode.ENCODING, 'cannot be said');
        return yaml.encode(value);
      },
    });
    expect(saidBy(refusing(1))).toMatch(/^yaml .*E0000000616.*cannot be said/);
    expect(saidBy(refusing(2))).toMatch(/^json .*E0000000403/);
    expect(new CallCodecs(json, others).failure(error, refusing(2)).contentType).toBe('application/json');
  });
});
