import { describe, expect, it } from 'vitest';
import { FormCodec } from '../../../lib/codec/form/form-codec.js';
import { fieldFormats } from '../../../lib/codec/formats.js';
import { JsonCodec } from '../../../lib/codec/json/json-codec.js';
import { XmlCodec } from '../../../lib/codec/xml/xml-codec.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';

const options = { limits: { maxDepth: 64, maxMessageBytes: 1_000, maxBodyBytes: 1_000 } };
const formats = fieldFormats([new JsonCodec(options), new XmlCodec(options), new FormCodec(options)]);

describe('formats of fields', () => {
  it.each(['application/json', 'application/xml', 'text/xml', 'application/x-www-form-urlencoded'])(
    'has %s',
    (type) => {
      const format = formats(type);

      expect(format.contentType).toBe(type);
      expect(format.decode(format.encode({ topic: 't' }))).toEqual({ topic: 't' });
    },
  );

  it('names what it knows when it is asked for something else', () => {
    expect(() => formats('application/toml')).toThrow(
      new MeshError(
        MeshCode.ENCODING,
        `the content type "application/toml" is not understood; known: 'application/json', 'application/xml', 'text/xml', ` +
          `'application/x-www-form-urlencoded', 'application/x-protobuf'`,
      ),
    );
  });

  it.each(['[]', '1', 'null', '"text"'])('refuses %s, which has no fields', (json) => {
    expect(() => formats('application/json').decode(Buffer.from(json))).toThrow(
      expect.objectContaining({ code: MeshCode.ENCODING }) as Error,
    );
  });

  it('takes the first of two codecs of a content type', () => {
    const first = new JsonCodec({ limits: { ...options.limits, maxDepth: 1 } });
    const decode = fieldFormats([first, new JsonCodec(options)])('application/json').decode;

    expect(() => decode(Buffer.from('{"a":{}}'))).toThrow(MeshError);
  });
});
