import { defineFamily } from '../kernel/extension-family.js';

/**
 * Turns values into bytes and back. Values are what JSON can say, and `Uint8Array` and `bigint`, at any depth.
 *
 * `decode` faces hostile bytes: it bounds depth, refuses keys such as `__proto__`, and never returns half a value.
 */
export interface Codec {
  /**
   * Name of the codec in a URN's flag, by which calls over other wires than HTTP say what they are written by: `json`, `protobuf`, `xml`,
   * `thrift` or `yaml`; any other name goes by `json`'s number.
   */
  readonly format: string;
  /** Content types, the first being what is sent. Over HTTP, they say what a call is written by. */
  readonly contentTypes: readonly string[];
  /**
   * `true` where bytes in a value are written as base64 text, so that they may as well stand beside what is written. Absent or `false`:
   * the format has bytes of its own, or says them otherwise.
   */
  readonly bytesAsText?: boolean;
  /** @throws MeshError E0000000616 when the value cannot be said in this format */
  encode(value: unknown): Uint8Array;
  /**
   * What {@link encode} writes, as the text that it is in UTF-8, so that it can be written where it is to stand; `undefined` for a value
   * of which that cannot be had at once. Absent: the format is no text. Only asked of codecs with {@link bytesAsText}, and has to be
   * `undefined` for values with bytes in them.
   *
   * @throws MeshError E0000000616 as {@link encode}
   */
  encodeText?(value: unknown): string | undefined;
  /**
   * Integers that a `number` cannot hold come back as `bigint`; bytes come back as what the format has for them (in JSON
   * a base64 string: a wire type says where to expect bytes).
   *
   * @throws MeshError E0000000616 when the bytes are not of this format; E0000000400 when they are, but too deep or with a
   * forbidden key
   */
  decode(bytes: Uint8Array): unknown;
}

/** The family of codecs. The default is `json`, the common language of the mesh. */
export const CODEC = defineFamily<Codec>('codec', 'json');
