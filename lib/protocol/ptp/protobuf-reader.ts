import { emptyRecord } from '../../collections/records.js';
import type {
  Inbound,
  PeekInbound,
  PopInbound,
  PtpLayout,
  PtpMessages,
  PushInbound,
  TransportOutbound,
} from './messages.js';
import { lengthDelimited, varint, WireReader } from './wire-reader.js';

type Readers = { readonly [M in keyof PtpMessages]: (reader: WireReader) => PtpMessages[M] };

/** The bytes of a field that the message did not have: compared by identity, since a field that is there may be empty, too. */
export const ABSENT_BYTES: Uint8Array = Buffer.alloc(0);

/**
 * Decodes a message from protobuf. Unknown fields and fields of another wire type are skipped. Payloads are views of the
 * bytes given, not copies.
 *
 * @throws MeshError E0000000616 when the bytes are no such message
 */
export function decodePtp<M extends keyof PtpMessages>(
  message: M,
  bytes: Uint8Array,
  layout: PtpLayout = 'standard',
): PtpMessages[M] {
  return READERS[layout][message](new WireReader(bytes, message));
}

const TEXT_1 = lengthDelimited(1);
const TEXT_2 = lengthDelimited(2);
const TEXT_3 = lengthDelimited(3);
const TEXT_4 = lengthDelimited(4);
const NUMBER_2 = varint(2);

function readPush(reader: WireReader): PushInbound {
  const metadata = emptyRecord();
  let topic = '';
  let payload = ABSENT_BYTES;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === TEXT_1) topic = reader.text();
    else if (tag === TEXT_2) payload = reader.bytes();
    else if (tag === TEXT_3) reader.entry(metadata);
    else reader.skip(tag);
  }
  return { topic, payload, metadata };
}

function readPop(reader: WireReader): PopInbound {
  let topic = '';
  let timeout = 0;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === TEXT_1) topic = reader.text();
    else if (tag === NUMBER_2) timeout = reader.int32();
    else reader.skip(tag);
  }
  return { topic, timeout };
}

function readPeek(reader: WireReader): PeekInbound {
  let topic = '';
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === TEXT_1) topic = reader.text();
    else reader.skip(tag);
  }
  return { topic };
}

function readInbound(reader: WireReader): Inbound {
  const metadata = emptyRecord();
  let payload = ABSENT_BYTES;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === TEXT_1) reader.entry(metadata);
    else if (tag === TEXT_2) payload = reader.bytes();
    else reader.skip(tag);
  }
  return { metadata, payload };
}

function readAnswer(reader: WireReader): TransportOutbound {
  const metadata = emptyRecord();
  let payload = ABSENT_BYTES;
  let code = '';
  let message = '';
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === TEXT_1) reader.entry(metadata);
    else if (tag === TEXT_2) payload = reader.bytes();
    else if (tag === TEXT_3) code = reader.text();
    else if (tag === TEXT_4) message = reader.text();
    else reader.skip(tag);
  }
  return { metadata, payload, code, message };
}

function readYaclAnswer(reader: WireReader): TransportOutbound {
  let payload = ABSENT_BYTES;
  let code = '';
  let message = '';
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === TEXT_1) payload = reader.bytes();
    else if (tag === TEXT_2) code = reader.text();
    else if (tag === TEXT_3) message = reader.text();
    else reader.skip(tag);
  }
  return { metadata: emptyRecord(), payload, code, message };
}

const STANDARD: Readers = {
  PushInbound: readPush,
  PopInbound: readPop,
  PeekInbound: readPeek,
  ReleaseInbound: readPop,
  TransportOutbound: readAnswer,
  Inbound: readInbound,
  Outbound: readAnswer,
};

/** Only yacl's answer differs from the standard. */
const READERS: Readonly<Record<PtpLayout, Readers>> = {
  standard: STANDARD,
  yacl: { ...STANDARD, TransportOutbound: readYaclAnswer },
};
