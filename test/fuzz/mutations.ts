import { FrameType, HEADER_BYTES, MAGIC, MORE } from '../../lib/transport/link/wire.js';
import type { Random } from './random.js';

/** Longest input, in bytes. */
export const MAX_INPUT = 128 * 1024;

/** Numbers at the edges of what seven bits a byte can say, and some that cannot be. */
const VARINTS = [
  [0x00],
  [0x7f],
  [0x80, 0x01],
  [0xff, 0x7f],
  [0x80, 0x80, 0x01],
  [0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0x07],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0x80, 0x80, 0x80, 0x80, 0x10],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80],
  [0x80, 0x00],
].map((bytes) => Buffer.from(bytes));

/** Lengths at the edges of what frames may have. */
const LENGTHS = [0, 1, 7, 8, 64, 65, 1_024, 16_384, 16_385, 65_536, 81_984, 81_985, 131_072, 0xff_ffff];

/** Ids at the edges. */
const IDS = [0, 1, 2, 3, 0x7f_ffff, 0x7fff_fffe, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

type Mutation = (input: Buffer, random: Random, other: Buffer) => Buffer;

/** Mutations that know nothing of what the bytes mean. */
const BLIND: readonly Mutation[] = [
  function flip(input, random) {
    const output = Buffer.from(input);
    for (let i = random.below(4); i >= 0; i--) output[random.below(output.length)]! ^= 1 << random.below(8);
    return output;
  },
  function change(input, random) {
    const output = Buffer.from(input);
    for (let i = random.below(4); i >= 0; i--) output[random.below(output.length)] = random.below(256);
    return output;
  },
  function insert(input, random) {
    const more = Buffer.from(Array.from({ length: 1 + random.below(16) }, () => random.below(256)));
    return replaced(input, random.below(input.length + 1), 0, more);
  },
  function remove(input, random) {
    return replaced(input, random.below(input.length), 1 + random.below(16));
  },
  function truncate(input, random) {
    return input.subarray(0, random.below(input.length + 1));
  },
  function duplicate(input, random) {
    const at = random.below(input.length);
    const part = input.subarray(at, at + 1 + random.below(64));
    return replaced(input, random.below(input.length + 1), 0, part);
  },
  function splice(input, random, other) {
    return Buffer.concat([
      input.subarray(0, random.below(input.length + 1)),
      other.subarray(random.below(other.length + 1)),
    ]);
  },
  function varint(input, random) {
    return replaced(input, random.below(input.length), random.below(3), random.of(VARINTS));
  },
];

/** Mutations of frames. */
const FRAMED: readonly Mutation[] = [
  eachFrame(function length(frame, random) {
    const output = Buffer.from(frame);
    const edge = random.below(2) === 0 ? random.of(LENGTHS) : frame.length - HEADER_BYTES + random.below(5) - 2;
    output.writeUIntBE(Math.max(0, Math.min(0xff_ffff, edge)), 0, 3);
    return [output];
  }),
  eachFrame(function type(frame, random) {
    const output = Buffer.from(frame);
    output[3] = random.of([...Object.values(FrameType), 14, 63, 64, 127]) | (random.below(3) === 0 ? MORE : 0);
    return [output];
  }),
  eachFrame(function more(frame) {
    const output = Buffer.from(frame);
    output[3]! ^= MORE;
    return [output];
  }),
  eachFrame(function id(frame, random) {
    const output = Buffer.from(frame);
    output.writeUInt32BE(random.of(IDS), 4);
    return [output];
  }),
  eachFrame(function payload(frame, random, other) {
    const changed = random.of(BLIND)(frame.subarray(HEADER_BYTES), random, other).subarray(0, MAX_INPUT);
    const output = Buffer.concat([frame.subarray(0, HEADER_BYTES), changed]);
    output.writeUIntBE(changed.length, 0, 3);
    return [output];
  }),
  eachFrame((frame) => [frame, frame]),
  eachFrame(() => []),
  function move(input, random) {
    const parts = framesIn(input);
    const [taken] = parts.splice(random.below(parts.length), 1);
    parts.splice(random.below(parts.length + 1), 0, taken ?? Buffer.alloc(0));
    return Buffer.concat(parts);
  },
  function borrow(input, random, other) {
    const parts = framesIn(input);
    parts.splice(random.below(parts.length + 1), 0, random.of(framesIn(other)) ?? Buffer.alloc(0));
    return Buffer.concat(parts);
  },
];

/** What the bytes of a target are. */
export type Shape = 'bytes' | 'frames';

/** Changes an input once or several times. */
export function mutate(input: Buffer, other: Buffer, shape: Shape, random: Random): Buffer {
  let output = input;
  for (let i = random.below(4); i >= 0; i--) {
    if (output.length === 0) output = other;
    if (output.length === 0) return output;
    const mutation = random.of(shape === 'frames' && random.below(3) > 0 ? FRAMED : BLIND);
    output = mutation(output, random, other).subarray(0, MAX_INPUT);
  }
  return output;
}

/** The frames in some bytes; what is before or behind them is one of its own. */
export function framesIn(bytes: Buffer): Buffer[] {
  const starts = bytes.subarray(0, MAGIC.length).equals(MAGIC) ? MAGIC.length : 0;
  const frames = starts > 0 ? [bytes.subarray(0, starts)] : [];
  for (let at = starts; at < bytes.length;) {
    const length = at + HEADER_BYTES <= bytes.length ? HEADER_BYTES + bytes.readUIntBE(at, 3) : HEADER_BYTES;
    frames.push(bytes.subarray(at, at + length));
    at += length;
  }
  return frames;
}

function eachFrame(change: (frame: Buffer, random: Random, other: Buffer) => readonly Buffer[]): Mutation {
  return (input, random, other) => {
    const frames = framesIn(input);
    const index = random.below(frames.length);
    const frame = frames[index] as Buffer;
    if (frame.length < HEADER_BYTES) return input;
    frames.splice(index, 1, ...change(frame, random, other));
    return Buffer.concat(frames);
  };
}

function replaced(input: Buffer, at: number, removed: number, inserted: Uint8Array = new Uint8Array(0)): Buffer {
  return Buffer.concat([input.subarray(0, at), inserted, input.subarray(at + removed)]);
}
