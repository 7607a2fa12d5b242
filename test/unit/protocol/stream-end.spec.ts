import { assert, integer, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { endsStream, isCompletion, readStreamEnd, writeStreamEnd } from '../../../lib/protocol/stream-end.js';

const nothing = new Uint8Array(0);

describe('the end of a stream', () => {
  it('is read as it was written, but for a text that is too long', () => {
    const codes = integer({ min: 0, max: 9_999_999_999 }).map((n) => `E${String(n).padStart(10, '0')}`);
    assert(
      property(codes, string({ maxLength: 2_000 }), (code, message) => {
        const metadata = writeStreamEnd({ code, message });
        expect(endsStream(metadata)).toBe(true);
        expect(readStreamEnd(nothing, metadata)).toEqual({ code, message: message.slice(0, 1_024) });
      }),
    );
  });

  it('is nothing that carries bytes, or has no code', () => {
    const metadata = writeStreamEnd({ code: MeshCode.SUCCESS, message: 'success' });
    expect(readStreamEnd(Uint8Array.of(0), metadata)).toBeUndefined();
    expect(readStreamEnd(nothing, {})).toBeUndefined();
    expect(readStreamEnd(nothing, Object.create(metadata) as Record<string, string>)).toBeUndefined();
    for (const code of ['', 'success', 'E000000000', 'E00000000000', 'e0000000000', ' E0000000000', 'E0000000000\n']) {
      expect(readStreamEnd(nothing, { 'mesh-stream-end': code })).toBeUndefined();
    }
  });

  it('needs no text', () => {
    const end = readStreamEnd(nothing, { 'mesh-stream-end': 'E0000000403' });
    expect(end).toEqual({ code: 'E0000000403', message: '' });
    expect(end && isCompletion(end)).toBe(false);
    expect(isCompletion({ code: 'E0000000000', message: '' })).toBe(true);
  });
});
