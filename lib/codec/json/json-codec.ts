import { Inject } from '@nestjs/common';
import { MeshExtension } from '../../kernel/extension.decorator.js';
import { MESH_OPTIONS, type ResolvedMeshOptions } from '../../options/mesh-options.js';
import { CODEC, type Codec } from '../codec.js';
import { decodeJson } from './decode-json.js';
import { encodeJson, encodePlainJson } from './encode-json.js';

/** JSON, the common language of the mesh (PROTOCOL 7): bytes are standard base64, integers have any number of digits. */
@MeshExtension(CODEC, 'json')
export class JsonCodec implements Codec {
  readonly format = 'json';
  readonly contentTypes: readonly string[] = ['application/json'];
  readonly bytesAsText = true;
  private readonly maxDepth: number;

  constructor(@Inject(MESH_OPTIONS) options: Pick<ResolvedMeshOptions, 'limits'>) {
    this.maxDepth = options.limits.maxDepth;
  }

  encode(value: unknown): Uint8Array {
    return encodeJson(value);
  }

  encodeText(value: unknown): string | undefined {
    return encodePlainJson(value);
  }

  decode(bytes: Uint8Array): unknown {
    return decodeJson(bytes, this.maxDepth);
  }
}
