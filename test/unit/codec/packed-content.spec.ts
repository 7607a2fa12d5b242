import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Codec } from '../../../lib/codec/codec.js';
import { JsonCodec } from '../../../lib/codec/json/json-codec.js';
import { packContent, reads, unpackContent } from '../../../lib/codec/packed-content.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { resolveMeshOptions } from '../../../lib/options/resolve-options.js';
import {
  type ContentToWrite,
  type PackedContent,
  readContent,
  writeContent,
} from '../../../lib/protocol/packed/packed-content.js';
import { PayloadReader, PayloadWriter } from '../../../lib/protocol/payload.js';

const json = new JsonCodec(resolveMeshOptions({}, {}));
const everywhere = (): boolean => true;
const nowhere = (): boolean => false;
const many = (length = 200): Buffer => Buffer.alloc(length, 7);

/** As it arrives. */
function carried(content: ContentToWrite): PackedContent {
  const out = new PayloadWriter();
  writeContent(out, content, 'within');
  return readContent(new PayloadReader(out.take()));
}

function arrived(value: unknown, expectsBytes = everywhere): unknown {
  return unpackContent(json, carried(packContent(json, value)), expectsBytes);
}

function made(value: unknown, ...parts: PackedContent['parts']): PackedContent {
  return { contentType: '', encoded: Buffer.from(JSON.stringify(value)), parts };
}

describe('a value with bytes beside it', () => {
  it('arrives as it would have by the codec alone', () => {
    const leaf = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.uint8Array({ maxLength: 300 }),
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(leaf, fc.array(tie('value')), fc.dictionary(fc.string(), tie('value'))),
    }));
    fc.assert(
      fc.property(
        value.filter((one) => !JSON.stringify(one).includes('__proto__')),
        (one) => {
          expect(arrived(one, nowhere)).toEqual(json.decode(json.encode(one)));
        },
      ),
    );
  });

  it('has its larger bytes beside it, and is itself not changed', () => {
    const [a, b] = [many(129), many(500)];
    const value = { few: many(128), a, deep: [{ b }, 'x'] };
    const { contentType, encoded, parts } = packContent(json, value);
    expect(contentType).toBe('');
    expect(JSON.parse(String(encoded))).toMatchObject({ a: null, deep: [{ b: null }, 'x'] });
    expect(parts).toEqual([
      { path: ['a'], bytes: a },
      { path: ['deep', '0', 'b'], bytes: b },
    ]);
    expect(value.deep).toEqual([{ b }, 'x']);
    expect(arrived(value)).toMatchObject({ a, deep: [{ b }, 'x'] });
  });

  it('is written as text where that is all there is to it, of whatever script and length', () => {
    const text = 'the sum — 総計 — \ud83d\ude00'.repeat(60).slice(0, 1_000);
    for (const value of [
      { text },
      [text, text],
      { [text]: Array.from({ length: 100 }, () => text) },
      '\ud800',
      0,
      null,
    ]) {
      expect(typeof packContent(json, value).encoded).toBe('string');
      expect(arrived(value)).toEqual(json.decode(json.encode(value)));
    }
  });

  it('says what its own code throws while it is written', () => {
    const broken = {
      get field(): never {
        throw new Error('not now');
      },
    };
    const refused = { code: MeshCode.ENCODING, message: expect.stringContaining('not now') as string };
    expect(() => packContent(json, broken)).toThrow(expect.objectContaining(refused) as Error);
  });

  it('is bytes and nothing else', () => {
    expect(arrived(many())).toEqual(many());
    expect(arrived(many(), nowhere)).toBe(many().toString('base64'));
  });

  it('keeps what would be written of it by its own word', () => {
    class Ticket {
      readonly seal = many();
    }
    const said = { toJSON: () => 'said', data: many() };
    expect(arrived({ said, ticket: new Ticket() }, nowhere)).toEqual({
      said: 'said',
      ticket: { seal: many().toString('base64') },
    });
  });

  it('keeps bytes that stand too deep, and those beyond the number of parts', () => {
    let deep: unknown = many();
    for (let level = 0; level < 33; level++) deep = [deep];
    expect(packContent(json, deep).parts).toEqual([]);
    const list = Array.from({ length: 1_025 }, () => many());
    expect(packContent(json, list).parts).toHaveLength(1_024);
    expect(arrived(list, nowhere)).toEqual(list.map((one) => one.toString('base64')));
  });

  it('is refused when it refers to itself', () => {
    const circle: Record<string, unknown> = {};
    Object.assign(circle, { one: circle, other: [circle] });
    expect(() => packContent(json, circle)).toThrow(expect.objectContaining({ code: MeshCode.ENCODING }) as Error);
  });

  it('is written by any codec, with its media type', () => {
    const codec: Codec = {
      format: 'mine',
      contentTypes: ['application/x-mine', 'application/x-old'],
      encode: () => Buffer.from('mine'),
      decode: () => ({ mine: true }),
    };
    const content = carried(packContent(codec, { data: many() }));
    expect(content).toEqual({ contentType: 'application/x-mine', encoded: Buffer.from('mine'), parts: [] });
    expect([reads(codec, content), reads(json, content)]).toEqual([true, false]);
    expect(reads(codec, { ...content, contentType: 'application/x-old' })).toBe(true);
    expect(reads(json, made(1))).toBe(true);
    expect(unpackContent(codec, content, nowhere)).toEqual({ mine: true });
  });

  it('holds no message for a few bytes of it', () => {
    const message = Buffer.alloc(100_000);
    const few = message.subarray(0, 8_192);
    const more = message.subarray(0, 8_193);
    const read = unpackContent(
      json,
      made({ few: null, more: null }, { path: ['few'], bytes: few }, { path: ['more'], bytes: more }),
      everywhere,
    ) as { few: Buffer; more: Buffer };
    expect(read).toEqual({ few, more });
    expect([read.few.buffer === message.buffer, read.more.buffer === message.buffer]).toEqual([false, true]);
  });

  it.each([
    ['a value that is there', made('x', { path: [], bytes: many() })],
    ['a member that nobody sent', made({}, { path: ['a'], bytes: many() })],
    ['a member that is not empty', made({ a: 1 }, { path: ['a'], bytes: many() })],
    ['a member of a text', made({ a: 'text' }, { path: ['a', '0'], bytes: many() })],
    ['the length of a list', made([null], { path: ['length'], bytes: many() })],
    ['a place beyond a list', made([null], { path: ['1'], bytes: many() })],
    ['an inherited member', made({}, { path: ['constructor', 'prototype'], bytes: many() })],
    ['a prototype', made({}, { path: ['__proto__'], bytes: many() })],
    ['a member of a prototype', made({ a: {} }, { path: ['a', '__proto__', 'x'], bytes: many() })],
    ['bytes', made({ a: null }, { path: ['a'], bytes: many() }, { path: ['a', '0'], bytes: many() })],
    ['the same place', made({ a: null }, { path: ['a'], bytes: many() }, { path: ['a'], bytes: many() })],
    ['nothing at all', made(null, { path: [''], bytes: many() })],
  ])('is refused with bytes for %s', (_, content) => {
    const refused = expect.objectContaining({ code: MeshCode.ENCODING }) as Error;
    expect(() => unpackContent(json, content, everywhere)).toThrow(refused);
    expect({}).not.toHaveProperty('x');
  });

  it('is refused with what the codec refuses', () => {
    const content = { ...made(1), encoded: Buffer.from('{"__proto__": null}') };
    const part = { path: ['__proto__'], bytes: many() };
    expect(() => unpackContent(json, { ...content, parts: [part] }, everywhere)).toThrow(/'__proto__' for a key/);
  });
});
