import type { TimeLimits } from '../../context/time-limits.js';
import { toMeshError } from '../../errors/from-unknown.js';
import { isCarried } from '../../protocol/interconnect.js';
import { isPacked, PACKED_TYPE } from '../../protocol/packed/form.js';
import type { ConnectionPool, PoolTarget } from '../../transport/connection-pool.js';
import {
  type CallAnswer,
  type InboundAnswer,
  type InboundCall,
  MESH_INVOKE_PATH,
  MESH_RPC_PATH,
  type OutboundCall,
  type WireHeaders,
} from '../../transport/transport.js';
import type { ForwardedCall } from './forwarded-call.js';

const JSON_TYPE = 'application/json';

/** How a caller is told: over gRPC bytes are all that there is. */
export type Answer = Uint8Array | CallAnswer;

/** Sends calls on, and takes answers back, each as its wire has it. */
export class ForwardingWire {
  constructor(private readonly pool: ConnectionPool) {}

  /**
   * Sends a call on; the answer is as the caller is to get it.
   *
   * @param limits its time. Default: as it says itself
   * @throws MeshError why it is not sent, or there is no answer
   */
  send(call: InboundCall, forwarded: ForwardedCall, to: PoolTarget, limits: TimeLimits = forwarded): Promise<Answer> {
    if (forwarded.packed) {
      const answer = this.callPacked(call, forwarded, to, limits);
      return call.wire === 'grpc' ? answer : answer.then(packedAnswer);
    }
    const connection = this.pool.get(to);
    const outbound = outboundOf(call, forwarded, to, limits);
    if (call.wire === 'grpc') return connection.call(outbound);
    return connection.exchange(outbound).then(answerOf);
  }

  /** A packed call goes on as it is to who is known to understand it. */
  private callPacked(
    call: InboundCall,
    forwarded: ForwardedCall,
    to: PoolTarget,
    limits: TimeLimits,
  ): Promise<Uint8Array> {
    const connection = this.pool.get(to);
    if (!connection.packs) return this.callUnpacked(call, forwarded, to, limits);
    const { headers, body, packed, cancellation } = forwarded;
    const { deadline, connectBy } = limits;
    const outbound = { path: MESH_RPC_PATH, headers, body, packed, deadline, connectBy, cancellation };
    return connection.call(outbound).catch((error: unknown) => {
      // The peer that understood it may have been replaced meanwhile by one that does not.
      if (connection.packs || !toMeshError(error).neverSent) throw error;
      return this.callUnpacked(call, forwarded, to, limits);
    });
  }

  private async callUnpacked(
    call: InboundCall,
    packed: ForwardedCall,
    to: PoolTarget,
    { deadline, connectBy }: TimeLimits,
  ): Promise<Uint8Array> {
    const { forwarded, pack } = packed.unpacked!();
    const { cancellation } = packed;
    const outbound = outboundOf(call, { ...forwarded, cancellation }, to, { deadline, connectBy });
    return pack(await this.pool.get(to).call(outbound));
  }
}

/** The answer to a packed call over HTTP: its body says all. */
function packedAnswer(body: Uint8Array): Answer {
  return { body, contentType: PACKED_TYPE };
}

/** An answer as who calls over HTTP is to get it. */
function answerOf({ body, contentType, status, headers }: InboundAnswer): Answer {
  const type = contentType === '' || contentType === 'application/grpc' ? JSON_TYPE : contentType;
  return { body, contentType: type, status, headers: carried(headers) };
}

/** An answer of this node's own making. */
export function ownAnswer(call: InboundCall, body: Uint8Array): Answer {
  return call.wire === 'grpc' ? body : { body, contentType: isPacked(call.headers) ? PACKED_TYPE : JSON_TYPE };
}

function outboundOf(
  call: InboundCall,
  { headers, body, series, cancellation }: ForwardedCall,
  { transport }: PoolTarget,
  { deadline, connectBy }: TimeLimits,
): OutboundCall {
  if (transport !== 'http') return { path: MESH_RPC_PATH, headers, body, series, deadline, connectBy, cancellation };
  const contentType = call.wire === 'http' && call.contentType !== '' ? call.contentType : JSON_TYPE;
  const named = { ...headers, 'content-type': contentType };
  return { path: MESH_INVOKE_PATH, headers: named, body, deadline, connectBy, cancellation };
}

function carried(headers: WireHeaders): WireHeaders {
  const kept = Object.create(null) as Record<string, string>;
  for (const name in headers) if (isCarried(name)) kept[name] = headers[name]!;
  return kept;
}
