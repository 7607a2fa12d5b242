import { describe, expect, it } from 'vitest';
import { ownPayload, sizeOf } from '../../../../lib/session/memory/own-payload.js';
import type { SessionMessage } from '../../../../lib/session/store.js';

function viewOf(size: number, bufferSize: number): SessionMessage {
  const payload = new Uint8Array(new ArrayBuffer(bufferSize), bufferSize - size, size).fill(7);
  return { payload, metadata: { k: 'v' }, id: 'id' };
}

describe('ownPayload', () => {
  it.each([
    [0, 64 * 1_024],
    [128, 64 * 1_024],
    [128, 128 + 1_025],
    [10_000, 20_001],
  ])('copies %i bytes of a buffer of %i', (size, bufferSize) => {
    const message = viewOf(size, bufferSize);
    const own = ownPayload(message);
    expect(own.payload.buffer.byteLength).toBe(size);
    expect(Buffer.compare(own.payload, message.payload)).toBe(0);
    expect({ metadata: own.metadata, id: own.id }).toEqual({ metadata: message.metadata, id: message.id });
  });

  it.each([
    [0, 0],
    [128, 128],
    [128, 128 + 1_024],
    [10_000, 20_000],
  ])('leaves %i bytes of a buffer of %i where they are', (size, bufferSize) => {
    const message = viewOf(size, bufferSize);
    expect(ownPayload(message)).toBe(message);
  });

  it('copies from the pool that Node takes small buffers from', () => {
    const payload = Buffer.from('a small payload');
    expect(payload.buffer.byteLength).toBeGreaterThan(1_024);
    expect(ownPayload({ payload, metadata: {}, id: '' }).payload.buffer.byteLength).toBe(payload.byteLength);
  });
});

describe('sizeOf', () => {
  it('counts payload and metadata', () => {
    expect(sizeOf({ payload: new Uint8Array(5), metadata: { ab: 'c', '': 'de' }, id: 'not counted' })).toBe(10);
    expect(sizeOf({ payload: new Uint8Array(0), metadata: {}, id: '' })).toBe(0);
  });

  it('counts metadata without a prototype', () => {
    const metadata = Object.assign(Object.create(null) as Record<string, string>, { ab: 'c' });
    expect(sizeOf({ payload: new Uint8Array(0), metadata, id: '' })).toBe(3);
  });
});
