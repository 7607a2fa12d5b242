import { Inject } from '@nestjs/common';
import { MeshExtension } from '../../kernel/extension.decorator.js';
import { MESH_OPTIONS, type ResolvedMeshOptions } from '../../options/mesh-options.js';
import { CODEC, type Codec } from '../codec.js';
import { decodeBy, textOf } from '../decoding.js';
import { base64, plainValue } from '../plain-value.js';
import { readXml } from './read-xml.js';
import { writeXml } from './write-xml.js';

const FORMAT = 'XML';

/**
 * XML 1.0 with an element for each member: `<message><topic>t</topic></message>`. All values are texts, and come back as
 * such; bytes are base64; an element that is repeated is an array, which therefore cannot be empty, have one item, or have
 * arrays for items. `null` is left out, and an object without members comes back as an empty text. Document types, and with
 * them entities, are refused.
 */
@MeshExtension(CODEC, 'xml')
export class XmlCodec implements Codec {
  readonly format = 'xml';
  readonly contentTypes: readonly string[] = ['application/xml', 'text/xml'];
  private readonly maxDepth: number;

  constructor(@Inject(MESH_OPTIONS) options: Pick<ResolvedMeshOptions, 'limits'>) {
    this.maxDepth = options.limits.maxDepth;
  }

  encode(value: unknown): Uint8Array {
    return Buffer.from(writeXml(plainValue(value, { format: FORMAT, bytes: base64, nulls: 'left out' })));
  }

  decode(bytes: Uint8Array): unknown {
    const text = textOf(FORMAT, bytes);
    return decodeBy(FORMAT, () => readXml(text, this.maxDepth));
  }
}
