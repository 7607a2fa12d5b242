import * as fc from 'fast-check';
import { FrameType, MAX_ID, MORE, STREAMS_ID } from '../../lib/transport/link/wire.js';
import { encodeHello } from '../../lib/transport/link/hello.js';
import { frame, GREETING, number, text } from './tcp-frames.js';

/** Values at which something changes: sizes, counts and ids. */
const EDGES = [
  0,
  1,
  2,
  63,
  64,
  65,
  127,
  128,
  16_384,
  16_385,
  131_072,
  2 ** 21,
  2 ** 21 + 1,
  MAX_ID,
  STREAMS_ID,
  2 ** 32 - 1,
];

const value = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...EDGES) }, fc.nat(40), fc.nat(0xffff_ffff));

/** The bytes of a number: seldom one that is too large, too long, or not whole. */
const aNumber = fc.oneof(
  { weight: 20, arbitrary: value.map(number) },
  fc.constantFrom(Buffer.alloc(0), Buffer.of(0x80), Buffer.alloc(5, 0xff), Buffer.of(0x80, 0x80, 0x80, 0x80, 0x80, 0)),
);

/** A text behind its length: seldom one that says another, or is none. */
const aText = fc.oneof(
  { weight: 10, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }).map(text) },
  { weight: 5, arbitrary: fc.constantFrom('', '/echo', '/hold', ':path', '__proto__', 'x-ptp-topic').map(text) },
  fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
);

const someBytes = fc.oneof(
  fc.uint8Array({ maxLength: 66 }),
  fc.constantFrom(0, 1, 10_000, 20_000).map((length) => new Uint8Array(length)),
);

const all = (...parts: readonly fc.Arbitrary<Uint8Array>[]): fc.Arbitrary<Uint8Array> =>
  fc.tuple(...parts).map((bytes) => Buffer.concat(bytes));

const sized = (bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    { weight: 10, arbitrary: bytes.map((content) => Buffer.concat([number(content.length), content])) },
    all(aNumber, bytes),
  );

/** One entry of a head: a header in any of the ways to say it, or of none of them. */
const entry = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('/echo', '/hold').map((path) => Buffer.concat([number(4), text(path)])) },
  all(
    fc.nat(40).map((place) => number(place * 4)),
    aText,
    aText,
  ),
  all(
    fc.nat(40).map((place) => number(place * 4 + 1)),
    aText,
    aText,
  ),
  fc.nat(5).map((place) => number(place * 4 + 2)),
  fc.nat(300).map((place) => number(place * 4 + 3)),
  all(aNumber, aText),
);

const head = sized(fc.array(entry, { maxLength: 5 }).map((entries) => Buffer.concat(entries)));

/** A greeting: any fields, known and unknown, with any values. */
const hello = fc.array(all(fc.nat(20).map(number), sized(fc.oneof(aNumber, someBytes))), { maxLength: 20 });

const atLeast = (least: number): fc.Arbitrary<number> => value.map((any) => Math.max(least, any));

/** A greeting that can be taken, whatever it grants. */
export const anyHello: fc.Arbitrary<Buffer> = fc
  .record({
    maxMessageBytes: atLeast(1_024),
    maxCalls: atLeast(1),
    windowBytes: atLeast(4_096),
    bulkBytes: atLeast(1_024),
    table: fc.record({ pairs: value, characters: value, heads: fc.record({ count: value, characters: value }) }),
    nodeId: fc.string({ unit: 'binary', maxLength: 300 }),
  })
  .map((some) => frame(FrameType.HELLO, 0, encodeHello({ ...GREETING, ...some })));

/** What the payload of each type says, field by field, and where it is cut: its size. */
const PAYLOADS: Readonly<Record<number, fc.Arbitrary<Uint8Array>>> = {
  [FrameType.HELLO]: hello.map((fields) => Buffer.concat(fields)),
  [FrameType.CALL]: all(aNumber, head, fc.oneof(aNumber, someBytes)),
  [FrameType.ANSWER]: fc.oneof(aNumber, someBytes),
  [FrameType.ERROR]: all(aNumber, aText, aText),
  [FrameType.DATA]: someBytes,
  [FrameType.OPEN]: all(aNumber, head),
  [FrameType.MESSAGE]: fc.oneof(aNumber, someBytes),
  [FrameType.END]: fc.constant(new Uint8Array(0)),
  [FrameType.CANCEL]: fc.constant(new Uint8Array(0)),
  [FrameType.CREDIT]: aNumber,
  [FrameType.PING]: someBytes,
  [FrameType.PONG]: someBytes,
  [FrameType.GOAWAY]: fc.constant(new Uint8Array(0)),
  [FrameType.CLOSE]: all(aText, aText),
};

/** Types of what has an id of its own. */
const BEGINS: ReadonlySet<number> = new Set([FrameType.CALL, FrameType.OPEN]);

/** An id: most often one that is in use, up to 4. */
const id = fc.oneof({ weight: 30, arbitrary: fc.integer({ min: 1, max: 4 }) }, value);

/** An id that something new may have. */
const newId = fc.oneof({ weight: 30, arbitrary: fc.integer({ min: 5, max: 60 }) }, value);

const known = (types: readonly number[]): fc.Arbitrary<Buffer> =>
  fc
    .constantFrom(...types)
    .chain((type) =>
      fc.tuple(
        fc.constant(type),
        BEGINS.has(type) ? newId : id,
        fc.constantFrom(0, 0, 0, MORE),
        PAYLOADS[type] as fc.Arbitrary<Uint8Array>,
      ),
    )
    .map(([type, of, more, bytes]) => frame(type | more, of, bytes));

const any = fc
  .tuple(fc.oneof(fc.constantFrom(14, 63, 64, 127), fc.nat(255)), id, someBytes)
  .map(([type, of, bytes]) => frame(type, of, bytes));

/** A frame whose header says another length than it has. */
const lying = (types: readonly number[]): fc.Arbitrary<Buffer> =>
  fc.tuple(known(types), fc.nat(0xff_ffff)).map(([bytes, length]) => {
    bytes.writeUIntBE(length, 0, 3);
    return bytes;
  });

/** A few frames with any values in their fields, most often of these types; seldom of any, or with a length that is not theirs. */
export function anyFrames(...types: readonly number[]): fc.Arbitrary<Buffer[]> {
  const one = fc.oneof(
    { weight: 40, arbitrary: known(types) },
    { weight: 2, arbitrary: known(Object.values(FrameType)) },
    any,
    lying(types),
  );
  return fc.array(one, { minLength: 1, maxLength: 10 });
}
