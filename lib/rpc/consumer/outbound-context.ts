import { emptyRecord } from '../../collections/records.js';
import { Cancellation } from '../../context/cancellation.js';
import { GiveUp } from '../../context/give-up.js';
import { MeshContext, type Party } from '../../context/mesh-context.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import type { UrnFlag } from '../../protocol/flag.js';
import { RunMode } from '../../protocol/run-mode.js';
import { newTraceId, ROOT_SPAN_ID } from '../../protocol/trace.js';
import type { CallOptions } from './call-options.js';
import type { CallSite } from './call-site.js';

/** The context of an outgoing call, and what ends with the call. */
export interface OutboundContext {
  readonly context: MeshContext;
  readonly attachments: Record<string, string>;
  /** To be released when the call has ended. */
  readonly giveUp: GiveUp;
}

/** What all calls of one mesh say of who makes them. */
export interface OwnSide {
  readonly self: Party;
  /** The flag of their URNs. */
  readonly flag: UrnFlag;
}

/** Makes the context of an outgoing call: a child of the one around it, or the root of a new trace. */
export function openOutboundContext(
  site: CallSite,
  options: CallOptions,
  mesh: ResolvedMeshOptions,
  { self, flag }: OwnSide,
): OutboundContext {
  const parent = MeshContext.current();
  const above = options.detached ? undefined : parent;
  const timeoutMs = timeoutOf(site, options, mesh);
  const now = Date.now();
  const deadline = Math.min(now + timeoutMs, above?.deadline ?? Infinity);
  const cancellation = new Cancellation();
  const attachments = attachmentsOf(options, parent);
  const nodeId = options.nodeId ?? mesh.nodeId;
  const context = new MeshContext({
    traceId: parent?.traceId ?? newTraceId(now),
    spanId: parent?.nextSpanId() ?? ROOT_SPAN_ID,
    urn: site.urnAt(nodeId, flag),
    service: site.service,
    runMode: parent?.runMode ?? RunMode.ROUTINE,
    source: self,
    target: options.nodeId || options.instId ? { nodeId: options.nodeId ?? '', instId: options.instId ?? '' } : self,
    attachments,
    deadline,
    cancellation,
  });
  const { signal } = options;
  const giveUp = new GiveUp(cancellation, { what: site.service, deadline, now, signal, above: above?.cancellation });
  return { context, attachments, giveUp };
}

function timeoutOf(site: CallSite, options: CallOptions, mesh: ResolvedMeshOptions): number {
  const timeoutMs = options.timeoutMs ?? site.timeoutMs ?? mesh.timeoutMs;
  if (timeoutMs > 0) return timeoutMs;
  const message = `timeoutMs of ${site.service} must be a positive number of milliseconds, got ${timeoutMs}`;
  throw new MeshError(MeshCode.INVALID_REQUEST, message);
}

function attachmentsOf({ attachments }: CallOptions, parent: MeshContext | undefined): Record<string, string> {
  const all = emptyRecord();
  if (parent) Object.assign(all, parent.attachments);
  if (attachments) for (const name of Object.keys(attachments)) all[name.toLowerCase()] = attachments[name] as string;
  return all;
}
