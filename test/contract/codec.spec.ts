import * as fc from 'fast-check';
import { FormCodec } from '../../lib/codec/form/form-codec.js';
import { JsonCodec } from '../../lib/codec/json/json-codec.js';
import { MsgpackCodec } from '../../lib/codec/msgpack/msgpack-codec.js';
import { TomlCodec } from '../../lib/codec/toml/toml-codec.js';
import { XmlCodec } from '../../lib/codec/xml/xml-codec.js';
import { YamlCodec } from '../../lib/codec/yaml/yaml-codec.js';
import { resolveMeshOptions } from '../../lib/options/resolve-options.js';
import { anyValue, describeCodec, only64Bits, some } from './codec.contract.js';

const text = (message: string): Uint8Array => new TextEncoder().encode(message);
const hex = (digits: string): Uint8Array => Buffer.from(digits, 'hex');
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

function hasNullItem(value: unknown): boolean {
  return value === null || some(value, (part) => Array.isArray(part) && part.includes(null));
}

/** TOML has no null. */
function heardInToml(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(heardInToml);
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([key, member]) => [key, heardInToml(member)]));
}

/** Values of formats whose scalars are all texts, with keys that both of them can say. */
function texts(allowed: RegExp): fc.Arbitrary<unknown> {
  const scalar = fc.oneof(
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: 'grapheme' }).filter((one) => allowed.test(one)),
  );
  const key = fc.stringMatching(/^[a-zA-Z_\u00e9\u8282][a-zA-Z0-9_.-]{0,8}$/).filter((name) => name !== '__proto__');
  return fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      scalar,
      fc.array(scalar, { minLength: 2 }),
      fc.dictionary(key, tie('value'), { minKeys: 1, noNullPrototype: true }),
    ),
  })).value;
}

function heardAsTexts(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return value.map(heardAsTexts);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, heardAsTexts(member)]));
}

describeCodec({
  name: 'json',
  create: (maxDepth) => new JsonCodec(resolveMeshOptions({ limits: { maxDepth } }, {})),
  malformed: [
    ...['', ' ', '{', '[1,]', '{not json', "{'a': 1}", 'undefined', '1 2', '"a\nb"', '[01]', '\u00a0'].map(text),
    ...['NaN', '[Infinity]', '{"a": -Infinity}'].map(text),
    Uint8Array.of(0x22, 0xff, 0x22),
    Uint8Array.of(0x22, 0xc3, 0x22),
    Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22),
  ],
  forbidden: [
    '{"__proto__": {"polluted": 1}}',
    '[{"a": {"__proto__": null}}]',
    '{"\\u005f_proto__": {"polluted": 1}}',
    '{"\\u005F\\u005f\\u0070\\u0072\\u006F\\u0074\\u006f\\u005F_": {"polluted": 1}}',
    '{"id": 12345678901234567890, "x": [{"__proto__": {"polluted": 1}}]}',
    '{"a": 1, "__proto__": 1, "__proto__": 2}',
  ].map(text),
  bytesAs: (bytes) => Buffer.from(bytes).toString('base64'),
});

describeCodec({
  name: 'msgpack',
  create: (maxDepth) => new MsgpackCodec(resolveMeshOptions({ limits: { maxDepth } }, {})),
  malformed: [
    ...['', 'a1', 'c4ff61', 'd9ff61', 'dcffff', 'ddffffffff', 'dfffffffff', '92c0', '81a161', 'cf00', 'c0c0'].map(hex),
    ...['a2c328', 'd902c328', '81a2c32801'].map(hex),
    ...['81c001', '8190c0', '81c4016101'].map(hex),
  ],
  forbidden: [
    hex('81a95f5f70726f746f5f5f81a8706f6c6c7574656401'),
    hex('9181a95f5f70726f746f5f5fc0'),
    hex('81d9095f5f70726f746f5f5fc0'),
    // Extensions and a byte that is reserved.
    ...['d6ff00000001', 'd40100', 'c70101ff', 'c1'].map(hex),
  ],
  bytesAs: (bytes) => new Uint8Array(bytes),
  gaps: {
    values: only64Bits(anyValue),
    whole: 'any value',
    refused: [2n ** 64n, -(2n ** 63n) - 1n, 10n ** 40n],
  },
});

describeCodec({
  name: 'yaml',
  create: (maxDepth) => new YamlCodec(resolveMeshOptions({ limits: { maxDepth } }, {})),
  malformed: [
    ...['', ' ', '# nothing', '{', '[1', 'a: 1\na: 2', '? [a]\n: 1', '"', 'a: b: c', '--- 1\n--- 2', '\ta: 1'].map(
      text,
    ),
    Uint8Array.of(0x22, 0xff, 0x22),
  ],
  forbidden: [
    '__proto__: {polluted: 1}',
    '- a: {"__proto__": null}',
    '? "__\\u0070roto__"\n: 1',
    'a: &x 1\nb: *x',
    'a: *x',
    'a: &x 1',
    'a: !!js/function "f"',
    '!!binary aGk=',
    'a: !local 1',
    'a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]',
    '<<: *a',
  ].map(text),
  bytesAs: base64,
});

describeCodec({
  name: 'toml',
  create: (maxDepth) => new TomlCodec(resolveMeshOptions({ limits: { maxDepth } }, {})),
  malformed: [
    ...['a', 'a =', 'a = 1\na = 2', 'a = [1', 'a = "', '[a', 'a = 99999999999999999999', 'a = nul', '= 1'].map(text),
    Uint8Array.of(0x61, 0x3d, 0x22, 0xff, 0x22),
  ],
  forbidden: ['__proto__ = 1', '[__proto__]\npolluted = 1', '"__proto__".polluted = 1', 'a = [{ __proto__ = 1 }]'].map(
    text,
  ),
  bytesAs: base64,
  gaps: {
    values: only64Bits(anyValue).filter((value) => !hasNullItem(value)),
    heardAs: (value) => heardInToml(value),
    whole: 'an object',
    refused: [1, 'text', [1], null, { a: [null] }, { a: 2n ** 63n }, 2n ** 64n, 10n ** 40n],
  },
});

describeCodec({
  name: 'xml',
  create: (maxDepth) => new XmlCodec(resolveMeshOptions({ limits: { maxDepth } }, {})),
  malformed: [
    ...['', ' ', '<', '<a', '<a>', '<a></b>', '<a/><b/>', 'a', '<a>&nbsp;</a>', '<a>&x;</a>', '<a b=c/>'].map(text),
    ...['<a>text<b/></a>', '<a>\u0001</a>', '<a>&#0;</a>', '{"a": 1}', '<a xmlns:b="c" b:d="1" b:d="2"/>'].map(text),
    Uint8Array.of(0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e),
  ],
  forbidden: [
    '<m><__proto__><polluted>1</polluted></__proto__></m>',
    '<__proto__/>',
    '<!DOCTYPE m [<!ENTITY x "y">]><m>&x;</m>',
    '<!DOCTYPE m SYSTEM "file:///etc/passwd"><m/>',
    '<!DOCTYPE m [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><m>&b;</m>',
  ].map(text),
  bytesAs: base64,
  gaps: {
    values: texts(/^[\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u),
    heardAs: heardAsTexts,
    whole: 'an object',
    refused: [[1], { a: [[1]] }, { 'a b': 1 }, { '': 1 }, { '1': 1 }, { a: '\u0000' }, { a: '\ud800' }, { 'a:b': 1 }],
    // A colon in a name is read, and so is an empty document's name.
    saysAllItReads: 'no',
  },
});

describeCodec({
  name: 'form',
  create: (maxDepth) => new FormCodec(resolveMeshOptions({ limits: { maxDepth } }, {})),
  malformed: [
    ...['a=%', 'a=%zz', '%c3=1', 'a[=1', 'a]=1', 'a[b]c=1', 'a=1&a[b]=2', 'a[b]=2&a=1', 'a[b][c=1'].map(text),
    Uint8Array.of(0x61, 0x3d, 0xff),
  ],
  forbidden: ['__proto__=1', '__proto__[polluted]=1', 'a[__proto__][polluted]=1', '%5f_proto__=1'].map(text),
  bytesAs: base64,
  gaps: {
    values: texts(/^[^[\]]*$/),
    heardAs: heardAsTexts,
    whole: 'an object',
    refused: [1, 'text', [1], null, { a: [[1]] }, { a: [{ b: 1 }] }, { 'a[b]': 1 }, { a: '\ud800' }],
  },
});
