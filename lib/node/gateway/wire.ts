import type { CallCodecs, WrittenFailure } from '../../codec/call-codecs.js';
import { contentTypeOf } from '../../codec/packed-content.js';
import type { TimeLimits } from '../../context/time-limits.js';
import { toMeshError } from '../../errors/from-unknown.js';
import { isCarried } from '../../protocol/interconnect.js';
import { PACKED_TYPE } from '../../protocol/packed/form.js';
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

/** How a caller is told: over gRPC bytes are all that there is. */
export type Answer = Uint8Array | CallAnswer;

/** Sends calls on, and takes answers back, each as its wire has it. */
export class ForwardingWire {
  /** @param codecs tell the media type of what comes over a wire that says none */
  constructor(
    private readonly pool: ConnectionPool,
    private readonly codecs: CallCodecs,
  ) {}

  /**
   * Sends a call on; the answer is as the caller is to get it.
   *
   * @param limits its time. Default: as it says itself
   * @throws MeshError why it is not sent, or there is no answer
   */
  send(call: InboundCall, forwarded: ForwardedCall, to: PoolTarget, limits: TimeLimits = forwarded): Promise<Answer> {
    if (forwarded.packed) {
      const answer = this.callPacked(forwarded, to, limits);
      return call.wire === 'grpc' ? answer : answer.then(packedAnswer);
    }
    const connection = this.pool.get(to);
    if (call.wire === 'grpc') return connection.call(this.outbound(forwarded, to, limits));
    const outbound = this.outbound(forwarded, to, limits, call.contentType);
    return connection.exchange(outbound).then((answer) => answerOf(answer, this.typeOf(forwarded)));
  }

  /** A packed call goes on as it is to who is known to understand it. */
  private callPacked(forwarded: ForwardedCall, to: PoolTarget, limits: TimeLimits): Promise<Uint8Array> {
    const connection = this.pool.get(to);
    if (!connection.packs) return this.callUnpacked(forwarded, to, limits);
    const { headers, body, packed, cancellation } = forwarded;
    const { deadline, connectBy } = limits;
    const outbound = { path: MESH_RPC_PATH, headers, body, packed, deadline, connectBy, cancellation };
    return connection.call(outbound).catch((error: unknown) => {
      // The peer that understood it may have been replaced meanwhile by one that does not.
      if (connection.packs || !toMeshError(error).neverSent) throw error;
      return this.callUnpacked(forwarded, to, limits);
    });
  }

  private async callUnpacked(
    packed: ForwardedCall,
    to: PoolTarget,
    { deadline, connectBy }: TimeLimits,
  ): Promise<Uint8Array> {
    const { forwarded, contentType, pack } = packed.unpacked!();
    const { cancellation } = packed;
    const outbound = this.outbound({ ...forwarded, cancellation }, to, { deadline, connectBy }, contentType);
    return pack(await this.pool.get(to).call(outbound));
  }

  /** @param contentType what is said of the body; absent or empty: what the flag says */
  private outbound(
    forwarded: ForwardedCall,
    { transport }: PoolTarget,
    { deadline, connectBy }: TimeLimits,
    contentType = '',
  ): OutboundCall {
    const { headers, body, series, cancellation } = forwarded;
    if (transport !== 'http') return { path: MESH_RPC_PATH, headers, body, series, deadline, connectBy, cancellation };
    const named = { ...headers, 'content-type': contentType || this.typeOf(forwarded) };
    return { path: MESH_INVOKE_PATH, headers: named, body, deadline, connectBy, cancellation };
  }

  /** The media type of a body that is written as the flag says. */
  private typeOf({ codec }: ForwardedCall): string {
    return contentTypeOf(this.codecs.ofNumber(codec));
  }
}

/** The answer to a packed call over HTTP: its body says all. */
function packedAnswer(body: Uint8Array): Answer {
  return { body, contentType: PACKED_TYPE };
}

/** An answer as who calls over HTTP is to get it. @param usual media type of one that came without */
function answerOf({ body, contentType, status, headers }: InboundAnswer, usual: string): Answer {
  const type = contentType === '' || contentType === 'application/grpc' ? usual : contentType;
  return { body, contentType: type, status, headers: carried(headers) };
}

/** A failure that this node tells of itself. */
export function ownAnswer({ wire }: InboundCall, { body, contentType }: WrittenFailure): Answer {
  return wire === 'grpc' ? body : { body, contentType };
}

function carried(headers: WireHeaders): WireHeaders {
  const kept = Object.create(null) as Record<string, string>;
  for (const name in headers) if (isCarried(name)) kept[name] = headers[name]!;
  return kept;
}
