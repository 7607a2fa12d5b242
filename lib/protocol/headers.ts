import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';

/** The headers of the protocol (HTTP headers, gRPC metadata), as they are sent (PROTOCOL 2). */
export const Header = {
  /** `1` for the pass-through mode between nodes. */
  VERSION: 'x-ptp-version',
  /** Vendor code. */
  TECH_PROVIDER_CODE: 'x-ptp-tech-provider-code',
  /** Trace of the whole chain of calls. */
  TRACE_ID: 'x-ptp-trace-id',
  /** Access token. */
  TOKEN: 'x-ptp-token',
  /** The resource really asked for; only its path counts. */
  URI: 'x-ptp-uri',
  /** Session, unique network-wide. */
  SESSION_ID: 'x-ptp-session-id',
  /** Node that sends. */
  SOURCE_NODE_ID: 'x-ptp-source-node-id',
  /** Institution that sends. */
  SOURCE_INST_ID: 'x-ptp-source-inst-id',
  /** Node that receives. */
  TARGET_NODE_ID: 'x-ptp-target-node-id',
  /** Institution that receives. */
  TARGET_INST_ID: 'x-ptp-target-inst-id',
  /** Topic within a session. */
  TOPIC: 'x-ptp-topic',
  /** Deadline, in ms from when the request is sent. */
  TIMEOUT: 'x-ptp-timeout',
  /** The URN called. */
  URN: 'mesh-urn',
  /** This call within its trace: `0.1.3`. */
  SPAN_ID: 'mesh-span-id',
  /** When the call was made: ms since the epoch. */
  TIMESTAMP: 'mesh-timestamp',
  /** Bits of the run mode. */
  RUN_MODE: 'mesh-run-mode',
  /** Who calls, as JSON. */
  CONSUMER: 'mesh-consumer',
  /** Who is called, as JSON. */
  PROVIDER: 'mesh-provider',
  /** The application that calls: `name@host:port`. */
  INCOMING_HOST: 'mesh-incoming-host',
  /** The application that called the caller. */
  OUTGOING_HOST: 'mesh-outgoing-host',
  /** Proxy that the call came in by. */
  INCOMING_PROXY: 'mesh-incoming-proxy',
  /** Proxy that the call is to go out by. */
  OUTGOING_PROXY: 'mesh-outgoing-proxy',
  /** Subset of the instances that may serve. */
  SUBSET: 'mesh-subset',
  /** HTTP path, for services found by path. */
  PATH: 'mesh-path',
  /** Mark of a grey release. */
  GRAY: 'mesh-gray',
  /** Transport asked for. */
  PROTO: 'mesh-proto',
  /** Id of a message pushed, by which its repetition is recognised. Ours: other implementations skip it. */
  MESSAGE_ID: 'mesh-message-id',
  /** Ids of the nodes that a request has passed, in order, comma separated. Ours: other nodes hand it on. */
  NODES_PASSED: 'mesh-nodes-passed',
  /**
   * `1` in an answer: calls of one kind may follow each other on one stream here. In a call: what differs from call to call,
   * its trace and its time, is said in its body, so that it may go on in such a stream. Ours: other peers skip it.
   */
  CALL_STREAMS: 'mesh-call-streams',
  /** `packed` on a call: its body, and that of the answer, are packed (docs/tcp-protocol.md). Ours. */
  FORM: 'mesh-form',
  /** `packed` in an answer over gRPC: packed calls are understood here. Ours: other peers skip it. */
  FORMS: 'mesh-forms',
  /**
   * `1` in an answer over gRPC: packed calls of one head are taken in one stream at the same time, in the frames of the TCP protocol. `1` on a
   * stream: it is one of these. Ours: other peers skip it.
   */
  TUNNEL: 'mesh-tunnel',
  /**
   * In an answer: what else is spoken at the address that was called, comma separated; `tcp` for the TCP protocol of this package.
   * Ours: other peers skip it.
   */
  TRANSPORTS: 'mesh-transports',
  /** `1` on a pop: its message is kept as taken until it is acknowledged, on the same stream. Ours, as the next two. */
  ACKNOWLEDGE: 'mesh-acknowledge',
  /** Number of a message on its stream, from 1, in the metadata of the answer to such a pop. */
  DELIVERY: 'mesh-delivery',
  /** On any request of a stream: every message up to this number has arrived. */
  ACKNOWLEDGED: 'mesh-acknowledged',
  /** W3C trace context, beside {@link TRACE_ID}. */
  TRACEPARENT: 'traceparent',
} as const;

/** One of the names of {@link Header}. */
export type Header = (typeof Header)[keyof typeof Header];

/** Value of {@link Header.FORM}, and of {@link Header.FORMS}. */
export const PACKED = 'packed';

/** Headers of one call that mean something to the calls made below it, too: they travel on, as headers. */
export const CARRIED_HEADERS: readonly Header[] = [
  Header.TRACEPARENT,
  Header.TOKEN,
  Header.SESSION_ID,
  Header.TECH_PROVIDER_CODE,
];

/** Longest value of a header that is sent, in characters. */
export const MAX_HEADER_LENGTH = 8192;

/**
 * Other spellings that deployed peers send; read, never sent. Those with `mesh-` are all that the asyncio generation of the
 * reference SDK sends (imesh 0.0.30 and later).
 */
const OTHER_SPELLINGS: Readonly<Partial<Record<Header, readonly string[]>>> = {
  // The first is a typing error in yacl.
  [Header.TECH_PROVIDER_CODE]: ['x-ptp-tecn-provider-code', 'mesh-tech-provider-code'],
  [Header.TRACE_ID]: ['mesh-trace-id'],
  [Header.TOKEN]: ['mesh-token'],
  [Header.SESSION_ID]: ['mesh-session-id'],
  // Those with `from` come from some clients of FATE's broker.
  [Header.SOURCE_NODE_ID]: ['x-ptp-from-node-id', 'mesh-source-node-id'],
  [Header.SOURCE_INST_ID]: ['x-ptp-from-inst-id', 'mesh-source-inst-id'],
  [Header.TARGET_NODE_ID]: ['mesh-target-node-id'],
  [Header.TARGET_INST_ID]: ['mesh-target-inst-id'],
};

/**
 * The value of a header, under any spelling that peers send. An empty value counts as absent.
 *
 * @param headers by lower-case name, with or without a prototype
 */
export function readHeader(headers: Readonly<Record<string, string>>, name: Header): string | undefined {
  const value = headers[name];
  if (value !== undefined && value !== '') return value;
  for (const other of OTHER_SPELLINGS[name] ?? []) if (headers[other]) return headers[other];
  return undefined;
}

/** Where the standard's spelling is, by every other spelling that is read. */
const STANDARD_SPELLING: ReadonlyMap<string, Header> = new Map(
  Object.entries(OTHER_SPELLINGS).flatMap(([name, others]) => others.map((other) => [other, name as Header] as const)),
);

/** The headers with the standard's names only: another spelling fills in where the standard's is absent or empty. */
export function standardSpelling(headers: Readonly<Record<string, string>>): Record<string, string> {
  const standard: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const name of Object.keys(headers)) {
    const value = readHeader(headers, STANDARD_SPELLING.get(name) ?? (name as Header));
    if (value !== undefined) standard[STANDARD_SPELLING.get(name) ?? name] = value;
  }
  return standard;
}

/** Whether a value can travel in a header: printable ASCII, at most {@link MAX_HEADER_LENGTH} characters. */
export function isHeaderValue(value: string): boolean {
  return value.length <= MAX_HEADER_LENGTH && /^[ -~]*$/.test(value);
}

/**
 * The value, when it can travel in a header.
 *
 * @throws MeshError E0000000400 when it cannot; the message names the header, and quotes nothing of the value, which may be
 * a secret
 */
export function safeHeaderValue(name: string, value: string): string {
  if (isHeaderValue(value)) return value;
  const what = value.length > MAX_HEADER_LENGTH ? `at most ${MAX_HEADER_LENGTH} characters` : 'printable ASCII';
  throw new MeshError(MeshCode.INVALID_REQUEST, `the header '${name}' cannot be sent: its value must be ${what}`);
}
