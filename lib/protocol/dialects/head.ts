import { emptyRecord } from '../../collections/records.js';
import { Header, readHeader, safeHeaderValue } from '../headers.js';
import type { SessionParties, SessionRequest } from '../session-call.js';
import { checkTopic, invalid, readTimeout } from './fields.js';

/** Longest id of a message, in characters: ids are remembered. */
const MAX_MESSAGE_ID_LENGTH = 256;

/** What a request of the session API says in its headers, in every dialect. */
export interface RequestHead {
  readonly session: string;
  readonly parties: SessionParties;
  readonly traceId: string;
  readonly token: string;
  readonly providerCode: string;
}

type Headers = Readonly<Record<string, string>>;

/** Which header says what of a request. */
const PARTIES: readonly (readonly [keyof SessionParties, Header])[] = [
  ['sourceNodeId', Header.SOURCE_NODE_ID],
  ['sourceInstId', Header.SOURCE_INST_ID],
  ['targetNodeId', Header.TARGET_NODE_ID],
  ['targetInstId', Header.TARGET_INST_ID],
];

/** Reads the head of a request, under any spelling that peers send. What is absent is empty. */
export function readHead(headers: Headers): RequestHead {
  return {
    session: readHeader(headers, Header.SESSION_ID) ?? '',
    parties: {
      sourceNodeId: readHeader(headers, Header.SOURCE_NODE_ID) ?? '',
      sourceInstId: readHeader(headers, Header.SOURCE_INST_ID) ?? '',
      targetNodeId: readHeader(headers, Header.TARGET_NODE_ID) ?? '',
      targetInstId: readHeader(headers, Header.TARGET_INST_ID) ?? '',
    },
    traceId: readHeader(headers, Header.TRACE_ID) ?? '',
    token: readHeader(headers, Header.TOKEN) ?? '',
    providerCode: readHeader(headers, Header.TECH_PROVIDER_CODE) ?? '',
  };
}

/**
 * Writes the head of a request, in the standard's spelling; what is empty is left out.
 * @throws MeshError E0000000400 when a value cannot travel in a header
 */
export function writeHead(request: SessionRequest): Record<string, string> {
  const headers = emptyRecord();
  setHeader(headers, Header.SESSION_ID, request.session);
  for (const [name, header] of PARTIES) setHeader(headers, header, request.parties[name]);
  setHeader(headers, Header.TRACE_ID, request.traceId);
  setHeader(headers, Header.TOKEN, request.token);
  setHeader(headers, Header.TECH_PROVIDER_CODE, request.providerCode);
  setHeader(headers, Header.MESSAGE_ID, checkMessageId(request.messageId));
  return headers;
}

/**
 * Sets a header, unless its value is empty.
 * @throws MeshError E0000000400 when the value cannot travel in a header
 */
export function setHeader(headers: Record<string, string>, name: Header, value: string): void {
  if (value !== '') headers[name] = safeHeaderValue(name, value);
}

/**
 * The topic that the headers name; empty when they name none. HTTP hands out bytes as Latin-1: where they are UTF-8 beyond
 * ASCII, that is what was meant.
 */
export function headerTopic(headers: Headers): string {
  const value = readHeader(headers, Header.TOPIC) ?? '';
  if (!/[\u0080-\u00ff]/.test(value) || /[^\0-\u00ff]/.test(value)) return checkTopic(value);
  const text = Buffer.from(value, 'latin1').toString('utf8');
  return checkTopic(text.includes('\ufffd') ? value : text);
}

/** The wait in ms that the headers name. */
export function headerTimeout(headers: Headers): number | undefined {
  return readTimeout(Header.TIMEOUT, readHeader(headers, Header.TIMEOUT));
}

/** What travels beside a payload, and the id of the message, which travels there or in the headers. */
export interface MessageMetadata {
  readonly messageId: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Takes the id of the message out of what travels beside it; where it is not there, the headers have it.
 * @throws MeshError E0000000400 when it is too long
 */
export function splitMessageId(headers: Headers, metadata: Readonly<Record<string, string>>): MessageMetadata {
  const id = metadata[Header.MESSAGE_ID];
  if (id === undefined) return { messageId: checkMessageId(readHeader(headers, Header.MESSAGE_ID) ?? ''), metadata };
  const others = emptyRecord();
  for (const name of Object.keys(metadata)) if (name !== Header.MESSAGE_ID) others[name] = metadata[name] as string;
  return { messageId: checkMessageId(id), metadata: others };
}

function checkMessageId(id: string): string {
  if (id.length <= MAX_MESSAGE_ID_LENGTH) return id;
  throw invalid(`'${Header.MESSAGE_ID}' has at most ${MAX_MESSAGE_ID_LENGTH} characters, got ${id.length}`);
}
