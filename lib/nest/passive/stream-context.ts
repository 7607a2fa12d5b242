import { Cancellation } from '../../context/cancellation.js';
import { MeshContext } from '../../context/mesh-context.js';
import { Header } from '../../protocol/headers.js';
import { RunMode } from '../../protocol/run-mode.js';
import type { SessionRequest } from '../../protocol/session-call.js';
import { isTraceId, newTraceId, ROOT_SPAN_ID } from '../../protocol/trace.js';
import type { OwnNode } from '../../session/handle/local-port.js';

/** The push that a stream begins with, without what it carried. */
export type FirstPush = Pick<
  SessionRequest,
  'session' | 'topic' | 'messageId' | 'parties' | 'traceId' | 'token' | 'providerCode'
>;

/**
 * What is kept of a push: not its payload.
 *
 * @param topic the topic of the message; of one in packets, that is not the topic of the push
 */
export function firstPush(request: SessionRequest, topic: string): FirstPush {
  const { session, messageId, parties, token, providerCode } = request;
  const traceId = isTraceId(request.traceId) ? request.traceId : newTraceId();
  return { session, topic, messageId, parties, traceId, token, providerCode };
}

/** The context of a stream: that of its first push. It has no deadline, and is cancelled when the stream ends. */
export function streamContext(push: FirstPush, own: OwnNode): MeshContext {
  const { sourceNodeId, sourceInstId, targetNodeId, targetInstId } = push.parties;
  return new MeshContext({
    traceId: push.traceId,
    spanId: ROOT_SPAN_ID,
    urn: '',
    service: '',
    runMode: RunMode.ROUTINE,
    source: { nodeId: sourceNodeId, instId: sourceInstId },
    target: { nodeId: targetNodeId || own.nodeId, instId: targetInstId },
    attachments: attachmentsOf(push),
    deadline: Infinity,
    cancellation: new Cancellation(),
  });
}

function attachmentsOf({ session, topic, token, providerCode }: FirstPush): Record<string, string> {
  const attachments = Object.create(null) as Record<string, string>;
  attachments[Header.SESSION_ID] = session;
  attachments[Header.TOPIC] = topic;
  if (token !== '') attachments[Header.TOKEN] = token;
  if (providerCode !== '') attachments[Header.TECH_PROVIDER_CODE] = providerCode;
  return attachments;
}
