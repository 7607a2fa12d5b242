import type {
  Inbound,
  PeekInbound,
  PopInbound,
  PtpLayout,
  PtpMetadata,
  PtpMessages,
  PushInbound,
  ReleaseInbound,
  TransportOutbound,
} from './messages.js';
import { ROOM_OF_HEAD, ROOM_OF_INT32, roomOfBytes, roomOfMap, roomOfText, WireWriter } from './wire-writer.js';

/** The answers of yacl have no metadata. */
const NOTHING_BESIDE: PtpMetadata = Object.freeze({});

type Writers = { readonly [M in keyof PtpMessages]: (message: PtpMessages[M]) => Buffer };

/**
 * Encodes a message in protobuf. Fields with default values are left out, as proto3 has it.
 *
 * @param message name of the message
 * @param value its fields
 * @param layout the numbers of an answer's fields
 */
export function encodePtp<M extends keyof PtpMessages>(
  message: M,
  value: PtpMessages[M],
  layout: PtpLayout = 'standard',
): Buffer {
  return WRITERS[layout][message](value);
}

/** A message in two parts: its payload is the last field, and stands where it stood. */
export interface PtpParts {
  readonly body: Buffer;
  /** The payload. */
  readonly tail: Uint8Array;
}

/**
 * Encodes a push as {@link encodePtp} does, but for the order of its fields, which is free in protobuf: the payload is the last one, and
 * is not copied.
 */
export function encodePushParts({ topic, payload, metadata }: PushInbound): PtpParts {
  const writer = new WireWriter(roomOfText(topic) + roomOfMap(metadata) + ROOM_OF_HEAD);
  writer.text(1, topic);
  writer.map(3, metadata);
  writer.headOf(2, payload);
  return { body: writer.finish(), tail: payload };
}

/** Encodes an answer in the same way. @param layout the numbers of its fields */
export function encodeAnswerParts(answer: TransportOutbound, layout: PtpLayout): PtpParts {
  const { metadata, payload, code, message } = answer;
  const said = layout === 'standard' ? metadata : NOTHING_BESIDE;
  const [codeField, messageField, payloadField] = layout === 'standard' ? [3, 4, 2] : [2, 3, 1];
  const writer = new WireWriter(roomOfMap(said) + roomOfText(code) + roomOfText(message) + ROOM_OF_HEAD);
  writer.map(1, said);
  writer.text(codeField, code);
  writer.text(messageField, message);
  writer.headOf(payloadField, payload);
  return { body: writer.finish(), tail: payload };
}

function writePush({ topic, payload, metadata }: PushInbound): Buffer {
  const writer = new WireWriter(roomOfText(topic) + roomOfBytes(payload) + roomOfMap(metadata));
  writer.text(1, topic);
  writer.bytes(2, payload);
  writer.map(3, metadata);
  return writer.finish();
}

function writePop({ topic, timeout }: PopInbound | ReleaseInbound): Buffer {
  const writer = new WireWriter(roomOfText(topic) + ROOM_OF_INT32);
  writer.text(1, topic);
  writer.int32(2, timeout);
  return writer.finish();
}

function writePeek({ topic }: PeekInbound): Buffer {
  const writer = new WireWriter(roomOfText(topic));
  writer.text(1, topic);
  return writer.finish();
}

function writeInbound({ metadata, payload }: Inbound): Buffer {
  const writer = new WireWriter(roomOfMap(metadata) + roomOfBytes(payload));
  writer.map(1, metadata);
  writer.bytes(2, payload);
  return writer.finish();
}

function writeAnswer({ metadata, payload, code, message }: TransportOutbound): Buffer {
  const writer = new WireWriter(roomOfMap(metadata) + roomOfBytes(payload) + roomOfText(code) + roomOfText(message));
  writer.map(1, metadata);
  writer.bytes(2, payload);
  writer.text(3, code);
  writer.text(4, message);
  return writer.finish();
}

function writeYaclAnswer({ payload, code, message }: TransportOutbound): Buffer {
  const writer = new WireWriter(roomOfBytes(payload) + roomOfText(code) + roomOfText(message));
  writer.bytes(1, payload);
  writer.text(2, code);
  writer.text(3, message);
  return writer.finish();
}

const STANDARD: Writers = {
  PushInbound: writePush,
  PopInbound: writePop,
  PeekInbound: writePeek,
  ReleaseInbound: writePop,
  TransportOutbound: writeAnswer,
  Inbound: writeInbound,
  Outbound: writeAnswer,
};

/** Only yacl's answer differs from the standard. */
const WRITERS: Readonly<Record<PtpLayout, Writers>> = {
  standard: STANDARD,
  yacl: { ...STANDARD, TransportOutbound: writeYaclAnswer },
};
