import type { Codec } from '../../lib/codec/codec.js';
import { JsonCodec } from '../../lib/codec/json/json-codec.js';
import { packContent, unpackContent } from '../../lib/codec/packed-content.js';
import { MeshError } from '../../lib/errors/mesh-error.js';
import { resolveMeshOptions } from '../../lib/options/resolve-options.js';
import { readPackedAnswer, writePackedSuccess } from '../../lib/protocol/packed/packed-answer.js';
import { type PackedRequest, writePackedRequest } from '../../lib/protocol/packed/packed-request.js';
import { PayloadWriter } from '../../lib/protocol/payload.js';

const json = new JsonCodec(resolveMeshOptions({}, {}));

/** The body of a packed call. */
export function packedBody(args: unknown, over: Partial<PackedRequest> = {}, codec: Codec = json): Uint8Array {
  const out = new PayloadWriter();
  const said = {
    timeoutMs: 0,
    traceId: '',
    spanId: '',
    runMode: 0,
    attachments: {},
    content: packContent(codec, args),
  };
  writePackedRequest(out, { ...said, ...over });
  return out.written;
}

/** The body of a packed answer. */
export function packedAnswer(content: unknown): Uint8Array {
  const out = new PayloadWriter();
  writePackedSuccess(out, packContent(json, content));
  return out.written;
}

/** What a packed answer says, bytes as bytes. @throws MeshError what it tells of */
export function openPacked(answer: Uint8Array): unknown {
  return unpackContent(json, readPackedAnswer(answer), () => true);
}

/** The error that a packed answer tells of. */
export function packedFailure(answer: Uint8Array): MeshError {
  try {
    readPackedAnswer(answer);
  } catch (error) {
    if (error instanceof MeshError) return error;
  }
  throw new Error('expected a failure');
}
