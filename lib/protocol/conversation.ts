import { MESH_CODE_TEXT, MeshCode } from '../errors/mesh-code.js';
import type { MeshError } from '../errors/mesh-error.js';
import type { RawRequest } from './dialect.js';
import { emptyRecord } from '../collections/records.js';
import { invalid } from './dialects/fields.js';
import { Header, readHeader, standardSpelling } from './headers.js';
import { isCarried, operationOfUri, pathOfUri, unwrapProtobuf } from './interconnect.js';
import { ABSENT_BYTES, decodePtp } from './ptp/protobuf-reader.js';
import { encodePtp } from './ptp/protobuf-writer.js';

/** Path of a conversation: a stream on which each `Inbound` is answered by one `Outbound` (standard, east-west). */
export const CONVERSATION_PATH = '/org.ppc.ptp.PrivateTransferProtocol/transport';

/** What an `x-ptp-uri` names that does nothing but acknowledge. Ours: no session call. */
export const ACKNOWLEDGE_PATH = '/org.ppc.ptp.PrivateTransferTransport/acknowledge';

/** Whether the message of a pop is gone with its answer, or is kept until it is acknowledged. */
export type Manner = 'plain' | 'acknowledged';

/** A message of a conversation, read. */
export interface ConversationRequest {
  /** The call that it makes; `undefined` for one that only acknowledges. */
  readonly raw: RawRequest | undefined;
  readonly manner: Manner;
  /** Every message up to this number has arrived; `undefined` when it says nothing of that. */
  readonly acknowledged: number | undefined;
}

type Headers = Readonly<Record<string, string>>;

/** What the headers of a stream say of all its messages, in the standard's spelling. */
export function streamHeaders(headers: Headers): Headers {
  const carried = emptyRecord();
  for (const [name, value] of Object.entries(standardSpelling(headers))) if (isCarried(name)) carried[name] = value;
  return carried;
}

/**
 * Reads a message of a conversation: always an `Inbound`. What its metadata does not say, the stream's own headers say.
 *
 * @param ofStream what {@link streamHeaders} gave
 * @throws MeshError E0000000616 when it is no `Inbound`; E0000000400 when it names no call, or its metadata could not be headers;
 * E0000000404 when it names another call
 */
export function readConversationRequest(message: Uint8Array, ofStream: Headers): ConversationRequest {
  const { body, headers } = unwrapProtobuf(message);
  const manner = headers[Header.ACKNOWLEDGE] === '1' ? 'acknowledged' : 'plain';
  const acknowledged = readNumber(headers[Header.ACKNOWLEDGED]);
  const said = standardSpelling(headers);
  // It is a matter between the two ends of this stream.
  delete said[Header.ACKNOWLEDGED];
  for (const name in ofStream) said[name] ??= ofStream[name] as string;
  const uri = readHeader(said, Header.URI) ?? '';
  if (isAcknowledgement(uri)) return { raw: undefined, manner, acknowledged };
  const operation = operationOfUri(uri);
  const raw: RawRequest = { operation, wire: 'grpc', headers: said, query: '', contentType: 'application/grpc', body };
  return { raw, manner: operation === 'pop' ? manner : 'plain', acknowledged };
}

function isAcknowledgement(uri: string): boolean {
  return uri.includes(ACKNOWLEDGE_PATH) && pathOfUri(uri) === ACKNOWLEDGE_PATH;
}

/** The number in a header; `undefined` when there is none. @throws MeshError E0000000400 when it is no such number */
function readNumber(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw invalid(`'${Header.ACKNOWLEDGED}' must be the number of a message`);
}

/** The answer to a request that only acknowledges. */
export function acknowledgementAnswer(): Uint8Array {
  return outboundOf(MeshCode.SUCCESS, MESH_CODE_TEXT[MeshCode.SUCCESS]);
}

/** The answer to a request that failed. */
export function failureOutbound({ code, message }: Pick<MeshError, 'code' | 'message'>): Uint8Array {
  return outboundOf(code, message);
}

function outboundOf(code: string, message: string): Uint8Array {
  return encodePtp('Outbound', { metadata: emptyRecord(), payload: ABSENT_BYTES, code, message });
}

/** Whether an `Outbound` brings a message, which may be empty. */
export function bringsMessage(outbound: Uint8Array): boolean {
  return decodePtp('Outbound', outbound).payload !== ABSENT_BYTES;
}

/** An `Outbound` with the number of the message that it brings. Fields of protobuf stand in any order, so it is appended. */
export function numberedOutbound(outbound: Uint8Array, delivery: number): Uint8Array {
  const metadata = { [Header.DELIVERY]: `${delivery}` };
  return Buffer.concat([outbound, encodePtp('Outbound', { metadata, payload: ABSENT_BYTES, code: '', message: '' })]);
}

/** The number of the message that an answer brings; `undefined` when the peer numbers none. */
export function deliveryOf(metadata: Headers): number | undefined {
  const value = metadata[Header.DELIVERY];
  return value !== undefined && /^[1-9]\d{0,14}$/.test(value) ? Number(value) : undefined;
}
