import { MAX_TIMER_MS } from '../../context/expiry.js';
import { Header, MAX_HEADER_LENGTH, safeHeaderValue } from '../../protocol/headers.js';
import { isCarried, nodesPassed } from '../../protocol/interconnect.js';
import type { InboundCall, OutboundCall, WireHeaders } from '../../transport/transport.js';

/** Headers that differ from call to call, and that a caller who takes part in streams says in the body, too. */
const SAID_IN_BODY: ReadonlySet<string> = new Set([
  Header.TRACE_ID,
  'mesh-trace-id',
  Header.SPAN_ID,
  Header.TIMESTAMP,
  Header.RUN_MODE,
  Header.TRACEPARENT,
]);

/** A call as it goes on, but for the path, which the wire says. */
export interface ForwardedCall extends Omit<OutboundCall, 'path' | 'contentType'> {
  /** Number of the codec in the flag of the URN called. */
  readonly codec: string;
  /** The same in the standard's form, for who does not understand packed calls. Absent: it is in the standard's form. */
  unpacked?(): UnpackedForward;
}

/** A packed call as it goes on in the standard's form. @throws MeshError when it is malformed */
export interface UnpackedForward {
  readonly forwarded: ForwardedCall;
  /** Media type of its body. */
  readonly contentType: string;
  /** Packs the answer. */
  pack(answer: Uint8Array): Uint8Array;
}

/** What a {@link ForwardedCall} is made with. */
export interface Forwarding {
  /** Id of this node. */
  readonly nodeId: string;
  /** The URN called. */
  readonly urn: string;
  /** Number of the codec in its flag. */
  readonly codec: string;
  /** Id of the node that it goes to, for a call that names none; absent where it stays within this node. */
  readonly targetNodeId?: string;
  /** How long a call may take whose caller does not say, in ms. */
  readonly timeoutMs: number;
}

/**
 * A call as it goes on: body and trace as they came, the headers of the protocol, this node added to those that it has passed,
 * and the time that is left. What concerns one connection stays behind.
 *
 * @throws MeshError E0000000503 when it has passed this node before, or too many; E0000000400 when a header is too long
 */
export function forwardedCall(
  call: InboundCall,
  { nodeId, urn, codec, targetNodeId, timeoutMs }: Forwarding,
): ForwardedCall {
  const said = call.headers[Header.TIMEOUT];
  const sharesStreams = call.headers[Header.CALL_STREAMS] === '1' && said === undefined;
  const deadline = deadlineOf(call, said, sharesStreams ? Infinity : timeoutMs);
  const headers = forwardedHeaders(call.headers, { nodeId, urn, targetNodeId });
  const { body, cancellation } = call;
  if (sharesStreams) return { headers, codec, body, deadline, cancellation, series: seriesOf(headers) };
  headers[Header.TIMEOUT] = String(Math.max(1, Math.ceil(deadline - Date.now())));
  return { headers, codec, body, deadline, cancellation };
}

/**
 * The headers with which a call goes on.
 *
 * @throws MeshError E0000000503 when it has passed this node before, or too many; E0000000400 when a header is too long
 */
export function forwardedHeaders(
  came: WireHeaders,
  { nodeId, urn, targetNodeId }: Pick<Forwarding, 'nodeId' | 'urn'> & { readonly targetNodeId: string | undefined },
): Record<string, string> {
  const passed = came[Header.NODES_PASSED] ? [...nodesPassed(came, nodeId), nodeId].join(',') : nodeId;
  const headers = Object.create(null) as Record<string, string>;
  for (const name in came) if (isCarried(name)) headers[name] = ofLength(name, came[name]!);
  headers[Header.URN] = urn;
  headers[Header.NODES_PASSED] = passed;
  if (targetNodeId !== undefined) headers[Header.TARGET_NODE_ID] ||= targetNodeId;
  return headers;
}

/** What characters a value has, is looked at when it is sent. */
function ofLength(name: string, value: string): string {
  return value.length > MAX_HEADER_LENGTH ? safeHeaderValue(name, value) : value;
}

/**
 * When the call is over. In a row of calls each says its time in its body, which is not looked at: the caller, who watches the
 * time, ends the stream, and what is under way here ends with it.
 *
 * @param otherwise time of a call of which nobody says one, in ms
 */
export function deadlineOf(
  call: Pick<InboundCall, 'deadline'>,
  said: number | string | undefined,
  otherwise: number,
): number {
  const stated = Math.min(Number(said), MAX_TIMER_MS);
  const deadline = stated > 0 ? Math.min(call.deadline, Date.now() + stated) : call.deadline;
  return deadline === Infinity ? Date.now() + otherwise : deadline;
}

/** Calls with one series differ in nothing but their bodies, and in what those say, too. */
function seriesOf(headers: WireHeaders): string {
  let series = headers[Header.TRACEPARENT] === undefined ? '' : 'traced';
  for (const name in headers) if (!SAID_IN_BODY.has(name)) series += `\n${name}: ${headers[name]}`;
  return series;
}
