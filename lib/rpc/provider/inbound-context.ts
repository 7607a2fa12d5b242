import { MeshContext } from '../../context/mesh-context.js';
import { CARRIED_HEADERS, Header, readHeader } from '../../protocol/headers.js';
import { parseRunMode } from '../../protocol/run-mode.js';
import { parseTraceparent } from '../../protocol/traceparent.js';
import { isSpanId, isTraceId, newTraceId, ROOT_SPAN_ID } from '../../protocol/trace.js';
import type { InboundCall, WireHeaders } from '../../transport/transport.js';
import type { CalledService } from './service-table.js';

/** What the mesh says of a call itself, under either generation's names: made anew for each call, so it is not carried on to the calls made below. */
const PER_CALL: ReadonlySet<string> = new Set([
  Header.URN,
  Header.TRACE_ID,
  Header.SPAN_ID,
  Header.TIMESTAMP,
  Header.RUN_MODE,
  Header.TIMEOUT,
  Header.CONSUMER,
  Header.PROVIDER,
  Header.INCOMING_HOST,
  Header.OUTGOING_HOST,
  Header.INCOMING_PROXY,
  Header.OUTGOING_PROXY,
  Header.SUBSET,
  Header.SOURCE_NODE_ID,
  Header.SOURCE_INST_ID,
  Header.TARGET_NODE_ID,
  Header.TARGET_INST_ID,
  'mesh-trace-id',
  'mesh-source-node-id',
  'mesh-source-inst-id',
  'mesh-target-node-id',
  'mesh-target-inst-id',
  'user-agent',
]);

/**
 * When a call ends at the latest: as its caller says, else after the time given. In a stream the headers are those of its
 * first call, so that the attachments say it; where the transport says it, attachments may be older, of the call before along
 * the chain.
 */
export function inboundDeadline(call: InboundCall, attachments: WireHeaders, timeoutMs: number): number {
  const own = call.deadline === Infinity ? attachments[Header.TIMEOUT] : undefined;
  return statedDeadline(call.deadline, Number(own ?? call.headers[Header.TIMEOUT]), timeoutMs);
}

/**
 * When a call ends at the latest.
 *
 * @param deadline as the transport says, ms since the epoch; `Infinity` when it does not
 * @param stated time that the caller gives, in ms; what is not above 0 says nothing
 * @param timeoutMs time of a call whose caller gives none
 */
export function statedDeadline(deadline: number, stated: number, timeoutMs: number): number {
  const given = stated > 0 ? Math.min(deadline, Date.now() + stated) : deadline;
  return given === Infinity ? Date.now() + timeoutMs : given;
}

/**
 * Makes the context of a call out of its headers and the attachments in its body. The attachments win for the trace: a
 * stream has one set of headers for all its calls. The headers win for who calls whom: the reference SDK carries the
 * attachments of the call before along, and they name the parties of that one.
 */
export function inboundContext(
  call: InboundCall,
  { provider, urn, nodeId }: CalledService,
  attachments: WireHeaders,
  deadline: number,
): MeshContext {
  const trace = (header: Header) => readHeader(attachments, header) ?? readHeader(call.headers, header);
  const party = (header: Header) => readHeader(call.headers, header) ?? readHeader(attachments, header) ?? '';
  const traceId = trace(Header.TRACE_ID);
  const spanId = trace(Header.SPAN_ID);
  return new MeshContext({
    traceId: traceId !== undefined && isTraceId(traceId) ? traceId : newTraceId(),
    spanId: spanId !== undefined && isSpanId(spanId) ? spanId : ROOT_SPAN_ID,
    urn,
    service: provider.service,
    runMode: parseRunMode(trace(Header.RUN_MODE)),
    source: { nodeId: party(Header.SOURCE_NODE_ID), instId: party(Header.SOURCE_INST_ID) },
    target: { nodeId: party(Header.TARGET_NODE_ID) || nodeId, instId: party(Header.TARGET_INST_ID) },
    attachments: carriedOn(carriedHeaders(call.headers), attachments),
    deadline,
    cancellation: call.cancellation,
  });
}

/** The headers of a call that travel on, in a record of their own without a prototype. */
export function carriedHeaders(headers: WireHeaders): Record<string, string> {
  const carried: Record<string, string> = Object.create(null);
  for (const header of CARRIED_HEADERS) {
    const value = readHeader(headers, header);
    if (value !== undefined) carried[header] = value;
  }
  return carried;
}

/** What the calls below carry on: these headers of a call, under its attachments. */
export function carriedOn(headers: WireHeaders, attachments: WireHeaders): Record<string, string> {
  const carried: Record<string, string> = Object.create(null);
  for (const name in headers) carried[name] = headers[name]!;
  for (const name in attachments) if (!PER_CALL.has(name)) carried[name] = attachments[name]!;
  const { traceparent } = carried;
  if (traceparent !== undefined && !parseTraceparent(traceparent)) delete carried[Header.TRACEPARENT];
  return carried;
}
