import { deepStrictEqual } from 'node:assert';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { readPackedAnswer, writePackedSuccess } from '../../../lib/protocol/packed/packed-answer.js';
import { readPackedRequest, writePackedRequest } from '../../../lib/protocol/packed/packed-request.js';
import { protocolOf } from '../../../lib/transport/port/first-bytes.js';
import { PayloadReader, PayloadWriter } from '../../../lib/protocol/payload.js';
import { FrameReader, type FrameSink } from '../../../lib/transport/link/frame-reader.js';
import { HeadReader } from '../../../lib/transport/link/heads.js';
import { decodeHello, encodeHello } from '../../../lib/transport/link/hello.js';
import { MAX_HEADERS } from '../../../lib/transport/link/wire.js';
import { GREETING } from '../../support/tcp-frames.js';
import { framesIn } from '../mutations.js';
import { refusal, type Target } from '../target.js';

/** Longest that one input may take to be read, in ms: generous, since the machine may have much else to do. */
const SLOW_MS = 2_000;

/** A reader that is a function. @param read reads an input, and says what became of it */
function reader(name: string, read: (input: Buffer) => string, codes: readonly string[] = [MeshCode.ENCODING]): Target {
  const feed = (input: Buffer): string => {
    try {
      return read(input);
    } catch (error) {
      return refusal(error, codes);
    }
  };
  return {
    name,
    shape: name === 'frames' ? 'frames' : 'bytes',
    parallel: 1,
    open: async () => ({
      feed: async (input) => {
        const begin = performance.now();
        const outcome = feed(input);
        const took = performance.now() - begin;
        if (took > SLOW_MS) throw new Error(`it took ${Math.round(took)} ms`);
        return outcome;
      },
      check: async () => undefined,
      close: () => undefined,
    }),
  };
}

/** A greeting that is understood says the same when it is said again. */
const hello = reader('hello', (input) => {
  const said = decodeHello(input);
  deepStrictEqual(decodeHello(encodeHello(said)), said);
  return `versions ${Math.min(3, said.versions.min)} to ${Math.min(3, said.versions.max)}, ${said.forms.size} forms`;
});

/** Heads come one after the other on a connection: each behind its length here. */
const heads = reader('heads', (input) => {
  const reading = new HeadReader(GREETING.table);
  let count = 0;
  for (let at = 0; at + 2 <= input.length; count++) {
    const length = input.readUInt16BE(at);
    const { path, headers } = reading.read(new PayloadReader(input.subarray(at + 2)), length);
    if (typeof path !== 'string' || Object.getPrototypeOf(headers) !== null) throw new Error('a head is none');
    if (Object.keys(headers).length > MAX_HEADERS) throw new Error('a head is too long');
    at += 2 + length;
  }
  return `${count} heads`;
});

/** Frames are the same in whatever pieces they come. */
const frames = reader('frames', (input) => {
  const whole = eventsOf([input]);
  deepStrictEqual(eventsOf(piecesOf(input, 1 + (input.length % 61))), whole);
  deepStrictEqual(eventsOf(framesIn(input)), whole);
  return whole.at(-1)?.startsWith('!')
    ? (whole.at(-1) as string).replace(/\d+/g, '#')
    : `${new Set(whole.map(kindOf)).size} kinds`;
});

const packedRequest = reader(
  'packed-request',
  (input) => {
    const request = readPackedRequest(input);
    const out = new PayloadWriter();
    writePackedRequest(out, request);
    deepStrictEqual(readPackedRequest(Buffer.from(out.written)), request);
    return `${Math.min(4, request.content.parts.length)} parts, ${Math.min(4, Object.keys(request.attachments).length)} attachments`;
  },
  [MeshCode.ENCODING, MeshCode.INVALID_REQUEST],
);

/** An answer may tell of any error. */
const packedAnswer: Target = reader('packed-answer', (input) => {
  // A number may be longer than it must be: its first byte alone does not tell.
  if (new PayloadReader(input).number() === 1) return failureOf(input);
  const content = readPackedAnswer(input);
  const out = new PayloadWriter();
  writePackedSuccess(out, content);
  deepStrictEqual(readPackedAnswer(Buffer.from(out.written)), content);
  return `${Math.min(4, content.parts.length)} parts`;
});

function failureOf(input: Buffer): string {
  try {
    readPackedAnswer(input);
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === MeshCode.ENCODING) throw error;
    return refusal(error, [code ?? '']) === '' ? '' : 'an error';
  }
  throw new Error('an answer that tells of an error is none');
}

/** What a connection speaks is told by its first bytes alone, and does not change with what follows. */
const firstBytes = reader('first-bytes', (input) => {
  let told: string | undefined;
  for (let length = 1; length <= Math.min(64, input.length); length++) {
    const now = protocolOf(input.subarray(0, length));
    if (told !== undefined && now !== told) throw new Error(`it was ${told}, and is ${now} after ${length} bytes`);
    told = now;
  }
  if (input.length >= 24 && told === undefined) throw new Error('what it speaks is not known after 24 bytes');
  return told ?? 'not known';
});

function eventsOf(chunks: readonly Buffer[]): string[] {
  const events: string[] = [];
  const pieces = new Map<number, number>();
  const sink: FrameSink = {
    frame: (type, id, payload, part) => events.push(`${type} ${id} ${payload.left} ${part}`),
    // Pieces are handed on as they come: only their sum is the same.
    piece: (id, bytes, which) => {
      const sum = (pieces.get(id) ?? 0) + bytes.length;
      pieces.set(id, which === 'last' ? 0 : sum);
      if (which === 'last') events.push(`piece ${id} ${sum}`);
    },
  };
  const reading = new FrameReader(sink);
  try {
    for (const chunk of chunks) reading.push(chunk);
  } catch (error) {
    events.push(`!${refusal(error, [MeshCode.ENCODING])}`);
  }
  return events;
}

function kindOf(event: string): string {
  return event.split(' ')[0] as string;
}

function piecesOf(input: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(input.length / size) }, (_, i) => input.subarray(i * size, (i + 1) * size));
}

/** Everything that reads without a connection. */
export const READERS: readonly Target[] = [hello, heads, frames, packedRequest, packedAnswer, firstBytes];
