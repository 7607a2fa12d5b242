import { JsonCodec } from '../../lib/codec/json/json-codec.js';
import { resolveMeshOptions } from '../../lib/options/resolve-options.js';
import { describeCodec } from './codec.contract.js';

const text = (json: string): Uint8Array => new TextEncoder().encode(json);

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
