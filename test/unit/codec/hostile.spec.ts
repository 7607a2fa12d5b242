import { describe, expect, it } from 'vitest';
import type { Codec } from '../../../lib/codec/codec.js';
import { FormCodec } from '../../../lib/codec/form/form-codec.js';
import { MsgpackCodec } from '../../../lib/codec/msgpack/msgpack-codec.js';
import { loadOptional } from '../../../lib/codec/optional-package.js';
import { TomlCodec } from '../../../lib/codec/toml/toml-codec.js';
import { XmlCodec } from '../../../lib/codec/xml/xml-codec.js';
import { YamlCodec } from '../../../lib/codec/yaml/yaml-codec.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';

const options = { limits: { maxDepth: 64, maxMessageBytes: 1_000, maxBodyBytes: 1_000 } };
const msgpack = new MsgpackCodec(options);
const xml = new XmlCodec(options);
const yaml = new YamlCodec(options);
const toml = new TomlCodec(options);
const form = new FormCodec(options);

/** Messages that would take much more than their own size, in time or memory. */
const bombs: readonly (readonly [string, Codec, string | Uint8Array])[] = [
  ['MessagePack: arrays in arrays', msgpack, Buffer.alloc(300_000, 0x91)],
  ['MessagePack: many values', msgpack, Buffer.concat([Buffer.from('dd00200000', 'hex'), Buffer.alloc(2 ** 21, 0xc0)])],
  ['XML: elements in elements', xml, '<a>'.repeat(100_000)],
  ['XML: many elements', xml, `<a>${'<b/>'.repeat(1_000_001)}</a>`],
  ['YAML: sequences in one line', yaml, '- '.repeat(100_000)],
  ['YAML: keys in one line', yaml, '? '.repeat(100_000)],
  ['YAML: flows in flows', yaml, '['.repeat(100_000)],
  ['YAML: many items', yaml, '- a\n'.repeat(400_000)],
  ['YAML: a long integer', yaml, `a: ${'9'.repeat(100_000)}`],
  ['TOML: arrays in arrays', toml, `a = ${'['.repeat(1_000_001)}`],
  ['TOML: dotted keys', toml, `${'a.'.repeat(1_000)}b = 1`],
  ['TOML: many items', toml, `a = [${'1,'.repeat(1_000_001)}]`],
  ['TOML: a long integer', toml, `a = ${'9'.repeat(100_000)}`],
  ['form data: names in names', form, `a${'[b]'.repeat(100_000)}=1`],
  ['form data: many values', form, 'a&'.repeat(1_000_001)],
];

describe('hostile messages', () => {
  it.each(bombs)('%s are refused', (_, codec, message) => {
    expect(() => codec.decode(Buffer.from(message))).toThrow(
      expect.objectContaining({ code: MeshCode.INVALID_REQUEST }) as Error,
    );
  });

  it('end with a MeshError where a library runs out of stack', () => {
    const staircase = Array.from({ length: 2_000 }, (_, level) => `${' '.repeat(level)}a:`).join('\n');

    expect(() => yaml.decode(Buffer.from(staircase))).toThrow(MeshError);
  });
});

describe('what formats read beside what they write', () => {
  it('XML: another root, attributes, comments, CDATA, space between elements', () => {
    const text = `<?xml version="1.0"?>
      <PushInbound xmlns="urn:ptp"><!-- no -->
        <topic lang="en"><![CDATA[a<b]]></topic>
        <metadata><k>v &amp; w</k></metadata>
        <list>1</list><list>2</list>
      </PushInbound>`;

    expect(xml.decode(Buffer.from(text))).toEqual({ topic: 'a<b', metadata: { k: 'v & w' }, list: ['1', '2'] });
  });

  it('YAML: blocks, flows, comments, other numbers', () => {
    const text = 'topic: t # comment\npayload: |\n  aGk=\nmetadata: {k: v}\nn: [0x10, 0o10, .5, ~, true]\n5: five';

    expect(yaml.decode(Buffer.from(text))).toEqual({
      topic: 't',
      payload: 'aGk=\n',
      metadata: { k: 'v' },
      n: [16, 8, 0.5, null, true],
      5: 'five',
    });
  });

  it('TOML: tables, dates as texts', () => {
    const text = 'topic = "t"\nat = 2026-01-02T03:04:05Z\n[metadata]\nk = "v"';

    expect(toml.decode(Buffer.from(text))).toEqual({
      topic: 't',
      at: '2026-01-02T03:04:05.000Z',
      metadata: { k: 'v' },
    });
  });

  it('TOML: numbers that are not finite, which it writes, too', () => {
    const value = { n: [Infinity, -Infinity, NaN], one: Infinity };

    expect(toml.decode(Buffer.from('n = [inf, -inf, nan]\none = 1e999'))).toEqual(value);
    expect(toml.decode(toml.encode(value))).toEqual(value);
  });

  it('form data: names in brackets, names that are repeated, spaces', () => {
    expect(form.decode(Buffer.from('topic=a+b%20c&metadata[k]=v&metadata%5Bl%5D=w&n=1&n=2&flag'))).toEqual({
      topic: 'a b c',
      metadata: { k: 'v', l: 'w' },
      n: ['1', '2'],
      flag: '',
    });
  });

  it('MessagePack: numbers for keys, and integers of any width', () => {
    expect(msgpack.decode(Buffer.from('8201cf0000000000000005a161d3ffffffffffffffff', 'hex'))).toEqual({ 1: 5, a: -1 });
  });
});

describe('what all formats write alike', () => {
  class Money {
    toJSON(): unknown {
      return { amount: 5 };
    }
  }

  it.each([
    ['msgpack', msgpack, 5],
    ['xml', xml, '5'],
    ['yaml', yaml, 5],
    ['toml', toml, 5],
    ['form', form, '5'],
  ])('%s reads values as JSON does', (_, codec, five) => {
    const value = {
      money: new Money(),
      map: new Map<unknown, unknown>([['a', 'b']]),
      set: new Set(['a', 'b']),
      at: new Date(0),
      boxed: Object('text') as unknown,
      left: undefined,
      out: () => undefined,
    };

    expect(codec.decode(codec.encode(value))).toEqual({
      money: { amount: five },
      map: { a: 'b' },
      set: ['a', 'b'],
      at: '1970-01-01T00:00:00.000Z',
      boxed: 'text',
    });
  });

  it.each([msgpack, xml, yaml, toml, form])('refuses to write a forbidden key', (codec) => {
    const value = JSON.parse('{"__proto__": {"polluted": 1}}') as unknown;

    expect(() => codec.encode(value)).toThrow(expect.objectContaining({ code: MeshCode.ENCODING }) as Error);
  });
});

describe('a package that is not installed', () => {
  it('is named, with how to install it', () => {
    expect(() => loadOptional('no-such-package', 'YAML', (require) => require('no-such-package'))).toThrow(
      expect.objectContaining({
        code: MeshCode.ENCODING,
        message: "YAML needs the package 'no-such-package': install it with 'npm install no-such-package'",
      }) as Error,
    );
  });
});
