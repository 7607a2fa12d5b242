import { encodeHello, type Hello } from '../../lib/transport/link/hello.js';
import { HeadWriter } from '../../lib/transport/link/heads.js';
import { PayloadReader, PayloadWriter } from '../../lib/protocol/payload.js';
import { FrameType, MAGIC, MORE } from '../../lib/transport/link/wire.js';

/** What a test peer says of itself. */
export const GREETING: Hello = {
  versions: { min: 1, max: 1 },
  maxMessageBytes: 2 * 1024 * 1024,
  maxCalls: 100,
  windowBytes: 64 * 1024,
  bulkBytes: 4 * 1024 * 1024,
  table: { pairs: 16, characters: 1_024, heads: { count: 4, characters: 200 } },
  forms: new Set(['packed']),
  nodeId: 'LX0000000000001',
  instId: 'JG0000000000000001',
};

/** The bytes of one frame. */
export function frame(type: number, id = 0, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const header = Buffer.alloc(8);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header.writeUInt32BE(id, 4);
  return Buffer.concat([header, payload]);
}

/** What a caller says first. */
export function greeting(hello: Partial<Hello> = {}): Buffer {
  return Buffer.concat([MAGIC, frame(FrameType.HELLO, 0, encodeHello({ ...GREETING, ...hello }))]);
}

/** The bytes of a number. */
export function number(value: number): Buffer {
  return Buffer.from(new PayloadWriter().number(value).written);
}

/** The bytes of a text behind its length. */
export function text(value: string): Buffer {
  return Buffer.from(new PayloadWriter().text(value).written);
}

/** The first frame of a call: whole, or the beginning of one that says a size. */
export function callFrame(id: number, path: string, message: Uint8Array | number): Buffer {
  const isWhole = typeof message !== 'number';
  const out = opening(path);
  if (isWhole) out.raw(message);
  else out.number(message);
  return frame(isWhole ? FrameType.CALL : FrameType.CALL | MORE, id, out.written);
}

/** The frame that opens a stream. */
export function openFrame(id: number, path: string): Buffer {
  return frame(FrameType.OPEN, id, opening(path).written);
}

function opening(path: string): PayloadWriter {
  const head = new PayloadWriter();
  new HeadWriter({ pairs: 0, characters: 0, heads: { count: 0, characters: 0 } }).write(head, { path, headers: {} });
  return openingWith(head.written);
}

/** What a call or stream begins with whose head is these bytes. */
export function openingWith(head: Uint8Array): PayloadWriter {
  return new PayloadWriter().number(0).number(head.length).raw(head);
}

/** A frame that has come. */
export interface SeenFrame {
  readonly type: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** The whole frames in what has come. */
export function framesOf(bytes: Buffer): SeenFrame[] {
  const frames: SeenFrame[] = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const end = at + 8 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    frames.push({ type: bytes[at + 3]!, id: bytes.readUInt32BE(at + 4), payload: bytes.subarray(at + 8, end) });
    at = end;
  }
  return frames;
}

/** Code and text of a `CLOSE`. */
export function closingOf(frames: readonly SeenFrame[]): { readonly code: string; readonly text: string } | undefined {
  const close = frames.find(({ type }) => type === FrameType.CLOSE);
  if (!close) return undefined;
  const input = new PayloadReader(close.payload);
  return { code: input.text(), text: input.text() };
}
