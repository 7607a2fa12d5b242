import { Header } from '../../protocol/headers.js';
import { sendableHeaders } from '../http-headers.js';
import { MESH_INVOKE_PATH, MESH_RPC_PATH, type OutboundCall } from '../transport.js';

/** What a request over HTTP begins with. */
export interface HttpRequestHead {
  readonly path: string;
  readonly headers: Record<string, string>;
}

/**
 * The head of a call's request. The mesh's RPC has another path over HTTP than over gRPC.
 *
 * @throws MeshError E0000000400 for a header that cannot be carried
 */
export function requestHeadOf({ path, headers, body, deadline }: OutboundCall): HttpRequestHead {
  const sent = { ...sendableHeaders(headers), 'content-length': String(body.length) };
  if (path !== MESH_RPC_PATH) return { path, headers: { 'content-type': 'application/octet-stream', ...sent } };
  return { path: MESH_INVOKE_PATH, headers: { 'content-type': 'application/json', ...timeLeft(deadline), ...sent } };
}

/** HTTP has no header for the time that a caller gives; RPC has. */
function timeLeft(deadline: number): Record<string, string> {
  return deadline === Infinity ? {} : { [Header.TIMEOUT]: String(Math.max(1, Math.ceil(deadline - Date.now()))) };
}
