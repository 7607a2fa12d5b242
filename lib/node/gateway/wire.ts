import { toMeshError } from '../../errors/from-unknown.js';
import { isCarried } from '../../protocol/interconnect.js';
import { isPacked } from '../../protocol/packed/form.js';
import { bareAnswer } from '../../transport/answers.js';
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
const PACKED_TYPE = 'application/octet-stream';

/** How a caller is told: over gRPC bytes are all that there is. */
export type Answer = Uint8Array | CallAnswer;

/** Sends calls on, and takes answers back, each as its wire has it. */
export class ForwardingWire {
  constructor(private readonly pool: ConnectionPool) {}

  /** Sends a call on; the answer is as the caller is to get it. @throws MeshError why there is none */
  async send(call: InboundCall, forwarded: ForwardedCall, to: PoolTarget): Promise<Answer> {
    if (forwarded.unpacked) return answerOf(call, await this.exchangePacked(call, forwarded, to));
    const connection = this.pool.get(to);
    const outbound = outboundOf(call, forwarded, to);
    return call.wire === 'grpc' ? connection.call(outbound) : answerOf(call, await connection.exchange(outbound));
  }

  /** Sends a call on; the answer is as it came. @throws MeshError why there is none */
  async exchange(call: InboundCall, forwarded: ForwardedCall, to: PoolTarget): Promise<InboundAnswer> {
    if (forwarded.unpacked) return this.exchangePacked(call, forwarded, to);
    const connection = this.pool.get(to);
    const outbound = outboundOf(call, forwarded, to);
    return call.wire === 'grpc' ? bareAnswer(await connection.call(outbound)) : connection.exchange(outbound);
  }

  /** A packed call goes on as it is to who is known to understand it. */
  private async exchangePacked(call: InboundCall, packed: ForwardedCall, to: PoolTarget): Promise<InboundAnswer> {
    const connection = this.pool.get(to);
    try {
      if (connection.packs) return packedAnswer(await connection.call({ ...packed, path: MESH_RPC_PATH }));
    } catch (error) {
      // The peer that understood it may have been replaced meanwhile by one that does not.
      if (connection.packs || !toMeshError(error).neverSent) throw error;
    }
    return this.exchangeUnpacked(call, packed, to);
  }

  private async exchangeUnpacked(call: InboundCall, packed: ForwardedCall, to: PoolTarget): Promise<InboundAnswer> {
    const { forwarded, pack } = packed.unpacked!();
    const { deadline, connectBy, cancellation } = packed;
    const outbound = outboundOf(call, { ...forwarded, deadline, connectBy, cancellation }, to);
    return packedAnswer(pack(await this.pool.get(to).call(outbound)));
  }
}

/** The answer to a packed call: its body says all. */
function packedAnswer(body: Uint8Array): InboundAnswer {
  return { ...bareAnswer(body), contentType: PACKED_TYPE };
}

/** An answer as the caller is to get it. */
export function answerOf(call: InboundCall, { body, contentType, status, headers }: InboundAnswer): Answer {
  if (call.wire === 'grpc') return body;
  const type = contentType === '' || contentType === 'application/grpc' ? JSON_TYPE : contentType;
  return { body, contentType: type, status, headers: carried(headers) };
}

/** An answer of this node's own making. */
export function ownAnswer(call: InboundCall, body: Uint8Array): Answer {
  return call.wire === 'grpc' ? body : { body, contentType: isPacked(call.headers) ? PACKED_TYPE : JSON_TYPE };
}

function outboundOf(call: InboundCall, forwarded: ForwardedCall, { transport }: PoolTarget): OutboundCall {
  if (transport !== 'http') return { ...forwarded, path: MESH_RPC_PATH };
  const contentType = call.wire === 'http' && call.contentType !== '' ? call.contentType : JSON_TYPE;
  return { ...forwarded, path: MESH_INVOKE_PATH, headers: { ...forwarded.headers, 'content-type': contentType } };
}

function carried(headers: WireHeaders): WireHeaders {
  const kept = Object.create(null) as Record<string, string>;
  for (const name in headers) if (isCarried(name)) kept[name] = headers[name]!;
  return kept;
}
