import { Header } from './headers.js';

/** What a call says of itself beside its arguments (PROTOCOL 7). */
export interface CallFacts {
  readonly traceId: string;
  readonly spanId: string;
  readonly runMode: number;
  readonly urn: string;
  /** Who calls, as {@link callerLocation} describes it. */
  readonly location: string;
  /** Time that the caller gives it, in ms; absent where the headers say it, or nobody does. */
  readonly timeoutMs?: number | undefined;
}

/** Where a caller is. */
export interface CallerPlace {
  readonly instId: string;
  readonly nodeId: string;
  readonly host: string;
  readonly port: string;
  readonly name: string;
}

/**
 * What travels beside the arguments in the standard's form: the caller's attachments, under what the mesh says of the call. Later
 * versions of the reference SDK read the trace under `mesh-trace-id`, and serve no call whose sender is not described in
 * `mesh-provider`.
 */
export function callAttachments(
  attachments: Readonly<Record<string, string>>,
  { traceId, spanId, runMode, urn, location, timeoutMs }: CallFacts,
): Record<string, string> {
  const said: Record<string, string> = {
    ...attachments,
    [Header.TRACE_ID]: traceId,
    'mesh-trace-id': traceId,
    [Header.SPAN_ID]: spanId,
    [Header.TIMESTAMP]: String(Date.now()),
    [Header.RUN_MODE]: String(runMode),
    [Header.URN]: urn,
    [Header.CONSUMER]: location,
    [Header.PROVIDER]: location,
  };
  if (timeoutMs !== undefined) said[Header.TIMEOUT] = String(Math.ceil(timeoutMs));
  return said;
}

/** The caller as the reference SDK describes it: JSON, within the JSON. */
export function callerLocation({ instId, nodeId, host, port, name }: CallerPlace): string {
  return JSON.stringify({ inst_id: instId, node_id: nodeId, ip: '', host, port, name });
}
