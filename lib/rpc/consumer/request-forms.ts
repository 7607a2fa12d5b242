import type { Codec } from '../../codec/codec.js';
import { contentTypeOf, packContent, reads, unpackContent } from '../../codec/packed-content.js';
import { MAX_TIMER_MS } from '../../context/expiry.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import { openEnvelope } from '../../protocol/envelope.js';
import { readPackedAnswer } from '../../protocol/packed/packed-answer.js';
import { writePackedRequest } from '../../protocol/packed/packed-request.js';
import { PayloadWriter } from '../../protocol/payload.js';
import { kept } from '../../transport/answers.js';
import { type BodyLifetime, MESH_RPC_PATH, type OutboundCall } from '../../transport/transport.js';
import type { ConsumerCall } from '../call-filter.js';
import { expectsBytes, type WireType } from '../facade/wire-type.js';
import { OutboundHead } from './outbound-head.js';
import type { PayloadPlace } from '../../protocol/payload-place.js';

/** Bodies of packed calls are written into buffers of so many bytes, or of their own when they are longer. */
const BUFFER_BYTES = 16 * 1024;

/** The two forms of a call: the standard's, and the packed one between our own ends (docs/tcp-protocol.md). */
export class RequestForms {
  private readonly head: OutboundHead;
  private readonly contentType: string;
  private readonly out = new PayloadWriter(BUFFER_BYTES);

  constructor(
    private readonly codec: Codec,
    private readonly options: ResolvedMeshOptions,
  ) {
    this.head = new OutboundHead(options);
    this.contentType = contentTypeOf(codec);
  }

  /**
   * Makes the standard's form.
   *
   * @throws MeshError E0000000413 when it is over the limit; what the codec throws
   */
  standard(call: ConsumerCall): OutboundCall {
    const { context, args } = call;
    const body = this.codec.encode({ ...args, attachments: this.head.attachments(context, call.attachments) });
    const headers = this.head.headers(call);
    const { deadline, cancellation } = context;
    this.check(call, body.length);
    return {
      path: MESH_RPC_PATH,
      headers,
      contentType: this.contentType,
      body,
      tail: undefined,
      series: this.head.series(headers),
      packed: undefined,
      deadline,
      cancellation,
    };
  }

  /**
   * Makes the packed form.
   *
   * @param place `behind` for a connection that takes tails: long bytes are sent from where they stand
   * @throws MeshError E0000000413 when it is over the limit; what the codec throws
   */
  packed(call: ConsumerCall, place: PayloadPlace): OutboundCall {
    const { deadline, cancellation } = call.context;
    const packed = this.head.shared(call);
    const tail = this.pack(call, place);
    const body = this.out.take();
    this.check(call, body.length + (tail?.length ?? 0));
    return {
      path: packed.path,
      headers: packed.headers,
      contentType: undefined,
      body,
      tail,
      series: undefined,
      packed,
      deadline,
      cancellation,
    };
  }

  /** Reads the answer to a standard call. @throws MeshError what the provider answered, or E0000000616 */
  open(body: Uint8Array, lifetime: BodyLifetime): unknown {
    return openEnvelope(this.codec.decode(this.codec.bytesAsText ? body : kept(body, lifetime)));
  }

  /** Reads the answer to a packed call. @throws MeshError what the provider answered, or E0000000616 */
  unpack(body: Uint8Array, lifetime: BodyLifetime, returns: WireType<unknown> | undefined): unknown {
    const content = readPackedAnswer(body);
    // Bytes are handed out as they stand in the body.
    const isText = content.parts.length === 0 && this.codec.bytesAsText;
    if (lifetime === 'passing' && !isText) return this.unpack(kept(body, lifetime), 'lasting', returns);
    if (reads(this.codec, content)) return unpackContent(this.codec, content, expectsBytes(returns)) ?? null;
    const message = `the peer's answer is of the type '${content.contentType}', expected '${this.codec.contentTypes[0]}'`;
    throw new MeshError(MeshCode.ENCODING, message);
  }

  private pack({ context, args, attachments }: ConsumerCall, place: PayloadPlace): Uint8Array | undefined {
    const { traceId, spanId, runMode } = context;
    const timeoutMs = Math.min(MAX_TIMER_MS, Math.max(1, Math.ceil(context.remainingMs)));
    const content = packContent(this.codec, plain(args));
    const request = { timeoutMs, traceId, spanId, runMode, attachments, content };
    return writePackedRequest(this.out.clear(), request, place);
  }

  private check({ service }: ConsumerCall, length: number): void {
    const { maxMessageBytes } = this.options.limits;
    if (length <= maxMessageBytes) return;
    const message = `the call of ${service} takes ${length} bytes, more than limits.maxMessageBytes (${maxMessageBytes})`;
    throw new MeshError(MeshCode.MESSAGE_TOO_LONG, message, { neverSent: true });
  }
}

/** Whether a call can be packed: what is no text, which types forbid and codecs take, is said in the standard's form. */
export function isPackable({ attachments }: ConsumerCall): boolean {
  for (const name in attachments) if (typeof attachments[name] !== 'string') return false;
  return true;
}

/** The arguments may be an object of any class: its fields count, and nothing else of it. */
function plain(args: ConsumerCall['args']): ConsumerCall['args'] {
  const prototype: unknown = Object.getPrototypeOf(args);
  return prototype === Object.prototype || prototype === null ? args : { ...args };
}
