import { hostname } from 'node:os';
import type { MeshContext } from '../../context/mesh-context.js';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import { callAttachments, callerLocation } from '../../protocol/call-attachments.js';
import { CARRIED_HEADERS, Header, isHeaderValue, PACKED } from '../../protocol/headers.js';
import { MESH_RPC_PATH, type SharedHead, type WireHeaders } from '../../transport/transport.js';
import type { ConsumerCall } from '../call-filter.js';

/** Headers that travel on, but for the trace: it differs from call to call, and is in the bodies. */
const KEPT_HEADERS: readonly Header[] = CARRIED_HEADERS.filter((name) => name !== Header.TRACEPARENT);

/** What is said in the headers only, or would be taken from them by a call on the same stream that does not say it. */
const SHARED_HEADERS: readonly Header[] = [
  Header.URN,
  Header.TARGET_NODE_ID,
  Header.TARGET_INST_ID,
  Header.SUBSET,
  ...KEPT_HEADERS,
];

/** Heads kept for the calls to come; when there are more, all are made anew. */
const MAX_HEADS = 1_024;

/** Longest key of a head that is kept: tokens may take kilobytes. */
const MAX_KEY_LENGTH = 1_024;

/** Writes what a call says of itself: the headers, and the attachments in its body. */
export class OutboundHead {
  private readonly incomingHost: string;
  private readonly location: string;
  private readonly mayShare: boolean;
  private readonly heads = new Map<string, SharedHead>();

  constructor(private readonly options: ResolvedMeshOptions) {
    const { name, listen, instId, nodeId, grpc } = options;
    this.mayShare = grpc.mode !== 'unary';
    const port = listen ? String(listen.port) : '0';
    this.incomingHost = `${name}@${listen ? listen.host : hostname()}:${port}`;
    this.location = callerLocation({ instId, nodeId, host: hostname(), port, name });
  }

  /** What travels beside the arguments in the standard's form. */
  attachments(context: MeshContext, attachments: Readonly<Record<string, string>>): Record<string, string> {
    const { traceId, spanId, runMode, urn } = context;
    // A stream carries many calls, so none of them can state its time in the headers.
    const timeoutMs = this.mayShare ? context.remainingMs : undefined;
    return callAttachments(attachments, { traceId, spanId, runMode, urn, location: this.location, timeoutMs });
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
  headers(call: ConsumerCall): WireHeaders {
    const { context, attachments } = call;
    const headers: Record<string, string> = {
      [Header.URN]: context.urn,
      [Header.TRACE_ID]: context.traceId,
      [Header.SPAN_ID]: context.spanId,
    };
    this.say(headers, call);
    carry(headers, attachments, CARRIED_HEADERS);
    return headers;
  }

  /** The path and headers of a packed call: nothing that differs from call to call. Calls alike get the same object. */
  shared(call: ConsumerCall): SharedHead {
    const key = keyOf(call);
    return this.heads.get(key) ?? this.keep(key, this.makeShared(call));
  }

  private makeShared(call: ConsumerCall): SharedHead {
    const headers: Record<string, string> = { [Header.URN]: call.context.urn };
    this.say(headers, call);
    carry(headers, call.attachments, KEPT_HEADERS);
    headers[Header.FORM] = PACKED;
    return Object.freeze({ path: MESH_RPC_PATH, headers: Object.freeze(headers) });
  }

  private keep(key: string, head: SharedHead): SharedHead {
    if (key.length > MAX_KEY_LENGTH) return head;
    if (this.heads.size >= MAX_HEADS) this.heads.clear();
    this.heads.set(key, head);
    return head;
  }

  /** Who calls, and whom. */
  private say(headers: Record<string, string>, { target }: ConsumerCall): void {
    headers[Header.SOURCE_INST_ID] = this.options.instId;
    headers[Header.SOURCE_NODE_ID] = this.options.nodeId;
    headers[Header.INCOMING_HOST] = this.incomingHost;
    if (this.mayShare) headers[Header.CALL_STREAMS] = '1';
    if (target.nodeId) headers[Header.TARGET_NODE_ID] = target.nodeId;
    if (target.instId) headers[Header.TARGET_INST_ID] = target.instId;
    if (target.subset) headers[Header.SUBSET] = target.subset;
  }
}

/** Adds what travels on and can be said in a header. */
function carry(
  headers: Record<string, string>,
  attachments: Readonly<Record<string, string>>,
  names: readonly Header[],
): void {
  for (const name of names) {
    const value = attachments[name];
    if (value !== undefined && isHeaderValue(value)) headers[name] = value;
  }
}

/** Tells heads apart: nearly always the URN alone does. */
function keyOf({ context: { urn }, target: { nodeId, instId, subset }, attachments }: ConsumerCall): string {
  let carried = '';
  for (const name of KEPT_HEADERS) {
    const value = attachments[name];
    if (value !== undefined && isHeaderValue(value)) carried += `\n${name}\n${value}`;
  }
  if (!nodeId && !instId && !subset && carried === '') return urn;
  return `${urn}\n${nodeId ?? ''}\n${instId ?? ''}\n${subset ?? ''}${carried}`;
}
