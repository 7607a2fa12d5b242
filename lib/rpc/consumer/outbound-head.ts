import { hostname } from 'node:os';
import type { MeshContext } from '../../context/mesh-context.js';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import { CARRIED_HEADERS, Header, isHeaderValue } from '../../protocol/headers.js';
import type { WireHeaders } from '../../transport/transport.js';
import type { ConsumerCall } from '../call-filter.js';

/** What is said in the headers only, or would be taken from them by a call on the same stream that does not say it. */
const SHARED_HEADERS: readonly Header[] = [
  Header.URN,
  Header.TARGET_NODE_ID,
  Header.TARGET_INST_ID,
  Header.SUBSET,
  ...CARRIED_HEADERS.filter((name) => name !== Header.TRACEPARENT),
];

/** Writes what a call says of itself: the headers, and the attachments in its body. */
export class OutboundHead {
  private readonly incomingHost: string;
  private readonly location: string;
  private readonly mayShare: boolean;

  constructor(private readonly options: ResolvedMeshOptions) {
    const { name, listen, instId, nodeId, grpc } = options;
    this.mayShare = grpc.mode !== 'unary';
    const port = listen ? String(listen.port) : '0';
    this.incomingHost = `${name}@${listen ? listen.host : hostname()}:${port}`;
    this.location = JSON.stringify({ inst_id: instId, node_id: nodeId, ip: '', host: hostname(), port, name });
  }

  /**
   * What travels beside the arguments: the caller's attachments, under what the mesh says of the call. Later versions of
   * the reference SDK read the trace under `mesh-trace-id`, and serve no call whose sender is not described in
   * `mesh-provider`.
   */
  attachments(context: MeshContext, attachments: Readonly<Record<string, string>>): Record<string, string> {
    const said: Record<string, string> = {
      ...attachments,
      [Header.TRACE_ID]: context.traceId,
      'mesh-trace-id': context.traceId,
      [Header.SPAN_ID]: context.spanId,
      [Header.TIMESTAMP]: String(Date.now()),
      [Header.RUN_MODE]: String(context.runMode),
      [Header.URN]: context.urn,
      [Header.CONSUMER]: this.location,
      [Header.PROVIDER]: this.location,
    };
    // A stream carries many calls, so none of them can state its time in the headers.
    if (this.mayShare) said[Header.TIMEOUT] = String(Math.ceil(context.remainingMs));
    return said;
  }

  /**
   * What calls on one stream have in common; `undefined` when none may share one. The trace, which differs, is in the body
   * of each.
   */
  series(headers: WireHeaders): string | undefined {
    if (!this.mayShare) return undefined;
    let series = headers[Header.TRACEPARENT] === undefined ? '' : 'traced';
    for (const name of SHARED_HEADERS) series += `\n${headers[name] ?? ''}`;
    return series;
  }

  /** The headers: what the reference SDK's consumers send, and whom the call is directed to. */
  headers({ context, target, attachments }: ConsumerCall): WireHeaders {
    const headers: Record<string, string> = {
      [Header.URN]: context.urn,
      [Header.TRACE_ID]: context.traceId,
      [Header.SPAN_ID]: context.spanId,
      [Header.SOURCE_INST_ID]: this.options.instId,
      [Header.SOURCE_NODE_ID]: this.options.nodeId,
      [Header.INCOMING_HOST]: this.incomingHost,
    };
    if (this.mayShare) headers[Header.CALL_STREAMS] = '1';
    if (target.nodeId) headers[Header.TARGET_NODE_ID] = target.nodeId;
    if (target.instId) headers[Header.TARGET_INST_ID] = target.instId;
    if (target.subset) headers[Header.SUBSET] = target.subset;
    for (const name of CARRIED_HEADERS) {
      const value = attachments[name];
      if (value !== undefined && isHeaderValue(value)) headers[name] = value;
    }
    return headers;
  }
}
