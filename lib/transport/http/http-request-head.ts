import { Header } from '../../protocol/headers.js';
import { sayHeaders, type SayHeader } from '../http-headers.js';
import { MESH_INVOKE_PATH, MESH_RPC_PATH, type OutboundCall } from '../transport.js';

/** What a call's request asks for. The mesh's RPC has another path over HTTP than over gRPC. */
export function requestPathOf({ path }: OutboundCall): string {
  return path === MESH_RPC_PATH ? MESH_INVOKE_PATH : path;
}

/**
 * Says the headers of a call's request: its own, none of the connection, and those that it lacks.
 *
 * @throws MeshError E0000000400 for a header that cannot be carried
 */
export function sayRequestHeaders({ path, headers, contentType, body, deadline }: OutboundCall, say: SayHeader): void {
  sayHeaders(headers, say);
  const isRpc = path === MESH_RPC_PATH;
  if (headers['content-type'] === undefined)
    say('content-type', contentType ?? (isRpc ? 'application/json' : 'application/octet-stream'));
  // HTTP has no header for the time that a caller gives; RPC has.
  if (isRpc && deadline !== Infinity && headers[Header.TIMEOUT] === undefined) say(Header.TIMEOUT, timeLeft(deadline));
  say('content-length', String(body.length));
}

function timeLeft(deadline: number): string {
  return String(Math.max(1, Math.ceil(deadline - Date.now())));
}
