import type { CallCodecs, WrittenFailure } from '../../codec/call-codecs.js';
import type { Codec } from '../../codec/codec.js';
import type { MeshContext } from '../../context/mesh-context.js';
import type { MeshError } from '../../errors/mesh-error.js';
import type { CallAnswer, InboundCall } from '../../transport/transport.js';
import type { CalledService } from './service-table.js';
import type { PayloadPlace } from '../../protocol/payload-place.js';

/** A call that was read: what it calls, and with what. */
export interface ReadCall {
  readonly called: CalledService;
  /** The arguments, without a prototype. */
  readonly args: Record<string, unknown>;
  readonly context: MeshContext;
  /** What the answer is to be written by. */
  readonly codec: Codec;
}

/** How calls and their answers are written: in the standard's form, or packed, between our own ends. */
export interface CallForm {
  /**
   * Reads a call. A URN that calls nothing is told before the arguments are decoded.
   *
   * @throws MeshError E0000000400 when it is malformed, E0000000617 when nobody here provides what it calls, what the codec throws
   */
  read(call: InboundCall): ReadCall;
  /**
   * Writes the answer to a call that succeeded.
   *
   * @param place `behind` where the answer may have a tail
   * @throws MeshError what the codec throws
   */
  success(content: unknown, codec: Codec, place: PayloadPlace): Uint8Array | CallAnswer;
  /** Writes the answer to a call that failed. @param codec that of the call */
  failure(error: MeshError, codec: Codec): WrittenFailure;
  /** By what the answer is to be written to a call that could not be read. */
  codecOf(call: InboundCall): Codec;
  /** Media type of answers that were written by a codec, for wires that say one. */
  contentTypeOf(codec: Codec): string;
}

/** What the forms read calls by. */
export interface CallReading {
  readonly codecs: CallCodecs;
  /** What a URN calls, where a call came in. @throws MeshError E0000000400 or E0000000617 */
  find(urn: string | undefined, call: Pick<InboundCall, 'admits'>): CalledService;
  /** Grows when a URN may call something else than before. */
  readonly revision: number;
  /** Time of a call whose caller states none, in ms. */
  readonly timeoutMs: number;
}
