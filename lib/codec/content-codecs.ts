import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import type { PackedContent } from '../protocol/packed/packed-content.js';
import type { Codec } from './codec.js';
import { reads } from './packed-content.js';

/** Finds the codec that reads a packed content. */
export class ContentCodecs {
  private readonly codecs: readonly Codec[];

  /**
   * @param own the codec of this mesh, which is asked first
   * @param others all that there are
   */
  constructor(
    private readonly own: Codec,
    others: readonly Codec[],
  ) {
    this.codecs = [own, ...others];
  }

  /** @throws MeshError E0000000616 for a media type that none reads */
  of(content: PackedContent): Codec {
    if (reads(this.own, content)) return this.own;
    const found = this.codecs.find((codec) => reads(codec, content));
    if (found) return found;
    const known = [...new Set(this.codecs.flatMap(({ contentTypes }) => contentTypes))].map((type) => `'${type}'`);
    const shown = JSON.stringify(content.contentType.slice(0, 100) || 'application/json');
    throw new MeshError(MeshCode.ENCODING, `the content type ${shown} is not understood; known: ${known.join(', ')}`);
  }
}
