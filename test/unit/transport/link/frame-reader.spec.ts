import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader } from '../../../../lib/transport/link/frame-reader.js';
import { FrameType, MORE } from '../../../../lib/transport/link/wire.js';

interface Frame {
  readonly type: number;
  readonly more: boolean;
  readonly id: number;
  readonly payload: Uint8Array;
}

const frame: fc.Arbitrary<Frame> = fc.record({
  type: fc.constantFrom(FrameType.CALL, FrameType.ANSWER, FrameType.DATA, FrameType.PING),
  more: fc.boolean(),
  id: fc.nat(0x7fff_ffff),
  payload: fc.uint8Array({ maxLength: 40 }),
});

function bytesOf({ type, more, id, payload }: Frame): Buffer {
  const header = Buffer.alloc(8);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = more ? type | MORE : type;
  header.writeUInt32BE(id, 4);
  return Buffer.concat([header, payload]);
}

/** The frames that a reader finds, but for pieces of messages. */
function framesIn(chunks: readonly Buffer[], skip = 0): Frame[] {
  const found: Frame[] = [];
  const reader = new FrameReader(
    {
      frame: (type, id, payload, part) =>
        void found.push({ type, more: part === 'first', id, payload: Buffer.from(payload.rest()) }),
      piece: () => undefined,
    },
    skip,
  );
  for (const chunk of chunks) reader.push(chunk);
  return found;
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

describe('FrameReader', () => {
  it('finds the same frames in whatever pieces they come', () => {
    const whole = frame.filter(({ type }) => type !== FrameType.DATA);
    fc.assert(
      fc.property(fc.array(whole, { maxLength: 12 }), fc.array(fc.nat(1_000), { maxLength: 20 }), (frames, at) => {
        const bytes = Buffer.concat(frames.map(bytesOf));
        expect(framesIn(cut(bytes, at))).toEqual(frames.map((one) => ({ ...one, payload: Buffer.from(one.payload) })));
      }),
    );
  });

  it('hands pieces of messages on as they arrive, and says which is the last', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), fc.array(fc.nat(1_000), { maxLength: 20 }), (frames, at) => {
        const seen: [number, number][] = [];
        let bytes = 0;
        const reader = new FrameReader({
          frame: () => undefined,
          piece: (id, piece, which) => {
            bytes += piece.length;
            if (which === 'last') seen.push([id, bytes]);
          },
        });
        for (const chunk of cut(Buffer.concat(frames.map(bytesOf)), at)) reader.push(chunk);
        let sum = 0;
        const expected = frames
          .filter(({ type }) => type === FrameType.DATA)
          .flatMap(({ id, more, payload }): [number, number][] => {
            sum += payload.length;
            return more ? [] : [[id, sum]];
          });
        expect(seen).toEqual(expected);
        expect(bytes).toBe(sum);
      }),
    );
  });

  it('passes over what comes before the first frame', () => {
    const bytes = Buffer.concat([
      Buffer.from('magic!!!'),
      bytesOf({ type: 1, more: false, id: 7, payload: new Uint8Array(3) }),
    ]);
    for (const at of [[], [1], [4, 9], [8]]) expect(framesIn(cut(bytes, at), 8).map(({ id }) => id)).toEqual([7]);
  });

  it('refuses a frame that is too long before it has come', () => {
    const header = Buffer.from([0x01, 0x00, 0x00, FrameType.CALL, 0, 0, 0, 1]);
    expect(() => framesIn([header])).not.toThrow();
    header.writeUIntBE(0x20_000, 0, 3);
    for (const at of [[], [3]]) {
      const chunks = cut(Buffer.concat([header, Buffer.alloc(1)]), at);
      expect(() => framesIn(chunks)).toThrow(/frame of type 1 takes 131072 bytes/);
    }
  });

  it('skips optional types that it does not know, and refuses others', () => {
    const optional = bytesOf({ type: 0x41, more: false, id: 1, payload: new Uint8Array(9) });
    const known = bytesOf({ type: FrameType.PING, more: false, id: 2, payload: new Uint8Array(0) });
    expect(framesIn([Buffer.concat([optional, known])]).map(({ id }) => id)).toEqual([2]);
    const unknown = bytesOf({ type: 0x20, more: false, id: 1, payload: new Uint8Array(0) });
    expect(() => framesIn([unknown])).toThrow(/unknown type 32/);
  });
});
