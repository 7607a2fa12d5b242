/** The codec that docs/extensions.md shows: what the page shows of it is what is tested. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import * as fc from 'fast-check';
import { MeshCode, MeshFacade, MeshProvider, type MeshService, Mpi } from 'nestjs-mesh';
import type { Codec } from 'nestjs-mesh/spi';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { resolveMeshOptions } from '../../lib/options/resolve-options.js';
import { anyValue, describeCodec, only64Bits } from '../contract/codec.contract.js';
import { caught } from '../support/caught.js';
import { root } from '../support/dist.js';
import { startApp, startConsumer } from '../support/mesh-app.js';
import { ways } from '../support/ways.js';
import { describeWireBytes } from '../support/wire-bytes.js';
import { blocksOf, Workshop } from './examples.js';

const page = { path: 'docs/extensions.md', text: readFileSync(join(root, 'docs/extensions.md'), 'utf8') };
const shown = blocksOf(page).filter(({ name }) => name === 'protobuf.codec.ts');
const folder = join(root, 'test/docs/dist/codec');
new Workshop(folder).compile(shown);
const { ProtobufCodec } = (await import(join(folder, 'extensions/protobuf.codec.js'))) as {
  readonly ProtobufCodec: Type<Codec>;
};
const create = (maxDepth: number): Codec => new ProtobufCodec(resolveMeshOptions({ limits: { maxDepth } }, {}));
const hex = (digits: string): Uint8Array => Buffer.from(digits.replaceAll(' ', ''), 'hex');

describeCodec({
  name: 'protobuf, of the documentation',
  create,
  malformed: [
    // Nothing, half a value, or more than one.
    ['', '08', '0800', '0801 00', '1001 1001', '21 00000000'],
    // Texts that are cut off or no UTF-8, and bytes that are cut off.
    ['2a03 6162', '2a02 c328', '3203 6162', '3a05 0a03 2a02 61'],
    // Fields that there are not, and types that they have not.
    ['4801', '1a00', '2801', '3a02 1200', '0b0c', '3a06 0a04 10011001'],
    // Lengths that contradict each other, or go on.
    ['3a03 0a020801', '3a05 0a020801', '3a04 0a010801', '3a04 0a030801', '3affffffff0f', '3a05 0affffffff'],
    // Members without a name or a value, or with a name that is none.
    ['4206 0a04 12020801', '4205 0a03 0a0161', '4209 0a07 0a01ff 12020801', '420a 0a08 0a0161 12020801 00'],
  ]
    .flat()
    .map(hex),
  forbidden: [
    hex('4211 0a0f 0a09 5f5f70726f746f5f5f 12020801'),
    hex('3a15 0a13 4211 0a0f 0a09 5f5f70726f746f5f5f 12020801'),
  ],
  bytesAs: (bytes) => Buffer.from(bytes),
  gaps: {
    values: only64Bits(anyValue),
    whole: 'any value',
    refused: [2n ** 63n, 2n ** 64n, -(2n ** 63n) - 1n, 10n ** 40n, () => 1, { a: Symbol('a') }],
  },
});

describe('the codec of the documentation', () => {
  const codec = create(64);

  it('writes the schema beside it', () => {
    const [, schema = ''] = /^```proto\n(.*?)^```/ms.exec(page.text) ?? [];
    const type = protobuf.parse(schema).root.lookupType('Value');
    fc.assert(
      fc.property(only64Bits(anyValue), (value) => {
        const written = Buffer.from(type.encode(bySchema(value)).finish());
        expect(Buffer.from(codec.encode(value)).equals(written)).toBe(true);
      }),
    );
  });

  it('reads values as they would be in JSON', () => {
    const at = new Date(0);
    const value = { at, none: undefined, list: [undefined, at], map: new Map([['a', 1]]), set: new Set([1, 'b']) };
    expect(codec.decode(codec.encode(value))).toEqual({
      at: at.toISOString(),
      list: [null, at.toISOString()],
      map: { a: 1 },
      set: [1, 'b'],
    });
  });

  it('reads a million values, and not one more', () => {
    const list = (count: number): Uint8Array => {
      const values = Buffer.alloc(4 * count, hex('0a020801'));
      const head = new protobuf.Writer().uint32(58).uint32(values.length).finish();
      return Buffer.concat([head, values]);
    };
    expect(codec.decode(list(999_999))).toHaveLength(999_999);
    const refused = expect.objectContaining({ code: MeshCode.INVALID_REQUEST }) as Error;
    expect(() => codec.decode(list(1_000_000))).toThrow(refused);
  });
});

/** A value as protobufjs takes it for the message Value. */
function bySchema(value: unknown): Record<string, unknown> {
  if (value === null) return { null: true };
  if (typeof value === 'boolean') return { truth: value };
  if (typeof value === 'string') return { text: value };
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return { number: value };
  if (typeof value === 'number' || typeof value === 'bigint') return { integer: String(value) };
  if (Array.isArray(value)) return { list: { values: value.map(bySchema) } };
  const members = Object.entries(value as object).map(([name, member]) => [name, bySchema(member)]);
  return { record: { members: Object.fromEntries(members) } };
}

describeWireBytes({ name: 'protobuf', type: ProtobufCodec, from: 'the application' });

describe.each(ways)('calls in protobuf %s', (_, way) => {
  @MeshFacade()
  class Sums {
    @Mpi('mesh.sums.add', ['a', 'b']) add!: (a: bigint, b?: number) => Promise<unknown>;
  }

  @MeshProvider(Sums)
  class SumsController implements MeshService<Sums> {
    async add(a: bigint, b?: number): Promise<unknown> {
      if (b === 0) throw new RangeError('nothing to add');
      return b === undefined ? undefined : { sum: BigInt(a) + BigInt(b) };
    }
  }

  const own = { providers: [ProtobufCodec], options: { use: { codec: 'protobuf' } } };
  const options = { ...way, use: { ...way.use, codec: 'protobuf' } };

  it('have results, none, and errors, in the first call as in those after it', async () => {
    const { address } = await startApp({ controllers: [SumsController], ...own });
    const client = (await startConsumer(address, { facades: [Sums], ...own, options })).client(Sums);
    for (let round = 0; round < 3; round++) {
      expect(await client.add(2n ** 60n, 1)).toEqual({ sum: 2n ** 60n + 1n });
      expect(await client.add(1n)).toBeNull();
      expect(await caught(client.add(1n, 0))).toMatchObject({ code: MeshCode.SYSTEM_ERROR });
    }
  });

  it('are refused where JSON is spoken', async () => {
    const { address } = await startApp({ controllers: [SumsController] });
    const client = (await startConsumer(address, { facades: [Sums], ...own, options })).client(Sums);
    expect(await caught(client.add(1n, 1))).toMatchObject({ code: MeshCode.ENCODING });
  });
});
