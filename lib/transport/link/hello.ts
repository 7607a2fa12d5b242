import { StringDecoder } from 'node:string_decoder';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { TableBounds } from './heads.js';
import { PayloadReader, PayloadWriter, violation } from '../../protocol/payload.js';
import { VERSIONS } from './wire.js';

/** A form that the body of a call may have. */
export type Form = 'packed';

/** What one side tells of itself when a connection begins, and what the other has to keep to. */
export interface Hello {
  /** Versions spoken, when a side asks; the one that is spoken, twice, when it answers. */
  readonly versions: { readonly min: number; readonly max: number };
  /** Largest message taken, in bytes. */
  readonly maxMessageBytes: number;
  /** Calls and streams taken at a time. */
  readonly maxCalls: number;
  /** Bytes of a stream's messages that may be under way unread. */
  readonly windowBytes: number;
  /** Bytes of large messages of calls that may be under way at a time; one message alone always may. */
  readonly bulkBytes: number;
  /** What is remembered of headers. */
  readonly table: TableBounds;
  /** Forms of bodies that are understood beside the standard's. Those who say nothing of them understand none. */
  readonly forms: ReadonlySet<Form>;
  /** Who it is; empty where it does not say. */
  readonly nodeId: string;
  readonly instId: string;
}

const Field = {
  MIN_VERSION: 1,
  MAX_VERSION: 2,
  MAX_MESSAGE: 3,
  MAX_CALLS: 4,
  WINDOW: 5,
  BULK: 6,
  PAIRS: 7,
  CHARACTERS: 8,
  NODE_ID: 9,
  INST_ID: 10,
  FORMS: 11,
  HEADS: 12,
  HEAD_CHARACTERS: 13,
} as const;

/** How forms are said: the sum of these. */
const FORM_BITS: Readonly<Record<Form, number>> = { packed: 1 };

/** Least that a side has to take, so that what is agreed can work. */
const LEAST = { message: 1_024, calls: 1, window: 4_096, bulk: 1_024 };

/** Longest id of a node or institution, in bytes of UTF-8. */
const MAX_ID_BYTES = 256;

/** The payload of a `HELLO`: fields, each behind its number and length, so that those of later versions can be skipped. */
export function encodeHello(hello: Hello): Buffer {
  const out = new PayloadWriter(256);
  const number = (field: number, value: number): void => {
    const bytes = new PayloadWriter(8).number(value).written;
    out.number(field).number(bytes.length).raw(bytes);
  };
  number(Field.MIN_VERSION, hello.versions.min);
  number(Field.MAX_VERSION, hello.versions.max);
  number(Field.MAX_MESSAGE, hello.maxMessageBytes);
  number(Field.MAX_CALLS, hello.maxCalls);
  number(Field.WINDOW, hello.windowBytes);
  number(Field.BULK, hello.bulkBytes);
  number(Field.PAIRS, hello.table.pairs);
  number(Field.CHARACTERS, hello.table.characters);
  number(Field.FORMS, bitsOf(hello.forms));
  number(Field.HEADS, hello.table.heads.count);
  number(Field.HEAD_CHARACTERS, hello.table.heads.characters);
  out.number(Field.NODE_ID).text(cut(hello.nodeId));
  out.number(Field.INST_ID).text(cut(hello.instId));
  return Buffer.from(out.written);
}

/** @throws MeshError E0000000616 when it is malformed */
export function decodeHello(payload: Buffer): Hello {
  const input = new PayloadReader(payload);
  const fields = new Map<number, Buffer>();
  while (!input.done) {
    const field = input.number();
    fields.set(field, input.take(input.number()));
  }
  const optional = (field: number): number | undefined => {
    const bytes = fields.get(field);
    return bytes && new PayloadReader(bytes).number();
  };
  const number = (field: number, least: number): number => {
    const value = optional(field);
    if (value === undefined) throw violation(`its greeting lacks field ${field}`);
    if (value < least) throw violation(`its greeting says ${value} in field ${field}: at least ${least} are needed`);
    return value;
  };
  const heads = { count: optional(Field.HEADS) ?? 0, characters: optional(Field.HEAD_CHARACTERS) ?? 0 };
  return {
    versions: { min: number(Field.MIN_VERSION, 1), max: number(Field.MAX_VERSION, 1) },
    maxMessageBytes: number(Field.MAX_MESSAGE, LEAST.message),
    maxCalls: number(Field.MAX_CALLS, LEAST.calls),
    windowBytes: number(Field.WINDOW, LEAST.window),
    bulkBytes: number(Field.BULK, LEAST.bulk),
    table: { pairs: number(Field.PAIRS, 0), characters: number(Field.CHARACTERS, 0), heads },
    forms: formsOf(optional(Field.FORMS) ?? 0),
    nodeId: idOf(fields.get(Field.NODE_ID)),
    instId: idOf(fields.get(Field.INST_ID)),
  };
}

/** The version that both sides speak: the highest. @throws MeshError E0000000600 when there is none */
export function agree({ versions: { min, max } }: Hello): number {
  const version = Math.min(max, VERSIONS.max);
  if (version >= Math.max(min, VERSIONS.min)) return version;
  const message = `versions ${VERSIONS.min} to ${VERSIONS.max} of the protocol are spoken here, and ${min} to ${max} there`;
  throw new MeshError(MeshCode.INCOMPATIBLE, message, { neverSent: true });
}

function bitsOf(forms: ReadonlySet<Form>): number {
  let bits = 0;
  for (const form of forms) bits += FORM_BITS[form];
  return bits;
}

/** Those of later versions are passed over. */
function formsOf(bits: number): ReadonlySet<Form> {
  return new Set((Object.keys(FORM_BITS) as Form[]).filter((form) => (bits & FORM_BITS[form]) !== 0));
}

/** Bytes that are no UTF-8 stand for longer ones when they are read, and half a character at the end for none. */
function idOf(bytes: Buffer | undefined): string {
  return bytes ? cut(new StringDecoder('utf8').write(bytes.subarray(0, MAX_ID_BYTES))) : '';
}

/** As much of an id as may be said, in whole characters. */
function cut(id: string): string {
  return id.slice(0, new TextEncoder().encodeInto(id, new Uint8Array(MAX_ID_BYTES)).read);
}
