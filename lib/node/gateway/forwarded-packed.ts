import { Header } from '../../protocol/headers.js';
import { readPackedTimeout } from '../../protocol/packed/packed-request.js';
import { type InboundCall, MESH_RPC_PATH, type SharedHead, type WireHeaders } from '../../transport/transport.js';
import type { StandardCalls } from '../standard-calls.js';
import {
  deadlineOf,
  type ForwardedCall,
  forwardedCall,
  forwardedHeaders,
  type Forwarding,
  type UnpackedForward,
} from './forwarded-call.js';

/** A packed call as it goes on. Hardly any has to be unpacked. */
class PackedForward implements ForwardedCall {
  readonly headers: WireHeaders;
  readonly codec: string;
  readonly body: Uint8Array;
  readonly cancellation: InboundCall['cancellation'];

  constructor(
    readonly packed: SharedHead,
    readonly deadline: number,
    private readonly call: InboundCall,
    private readonly forwarding: Forwarding,
    private readonly standard: StandardCalls,
  ) {
    this.headers = packed.headers;
    this.codec = forwarding.codec;
    this.body = call.body;
    this.cancellation = call.cancellation;
  }

  unpacked(): UnpackedForward {
    const { call, contentType, pack } = this.standard.of(this.call);
    return { forwarded: forwardedCall(call, this.forwarding), contentType, pack };
  }
}

/** Makes packed calls go on: those with one head with one head again, which the connection to the next peer says but once. */
export class PackedForwarding {
  private readonly heads = new WeakMap<WireHeaders, Map<string, SharedHead>>();

  constructor(private readonly standard: StandardCalls) {}

  /**
   * A packed call as it goes on: its body as it came.
   *
   * @throws MeshError as {@link forwardedCall}; E0000000616 when it does not even begin as a packed call
   */
  of(call: InboundCall, forwarding: Forwarding): ForwardedCall {
    const { headers, body } = call;
    const packed = this.headOf(headers, forwarding);
    const said = headers[Header.TIMEOUT] ?? (call.deadline === Infinity ? readPackedTimeout(body) : undefined);
    const deadline = deadlineOf(call, said, forwarding.timeoutMs);
    return new PackedForward(packed, deadline, call, forwarding, this.standard);
  }

  private headOf(came: WireHeaders, { nodeId, urn, targetNodeId }: Forwarding): SharedHead {
    let known = this.heads.get(came);
    if (!known) this.heads.set(came, (known = new Map()));
    const target = targetNodeId ?? '';
    const before = known.get(target);
    if (before) return before;
    const headers = forwardedHeaders(came, { nodeId, urn, targetNodeId });
    // The time differs from call to call: the body says it.
    delete headers[Header.TIMEOUT];
    const head = Object.freeze({ path: MESH_RPC_PATH, headers: Object.freeze(headers) });
    known.set(target, head);
    return head;
  }
}
