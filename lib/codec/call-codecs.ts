import { toMeshError } from '../errors/from-unknown.js';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import { failureEnvelope } from '../protocol/envelope.js';
import { CODEC_NUMBER } from '../protocol/flag.js';
import { Header } from '../protocol/headers.js';
import type { PackedContent } from '../protocol/packed/packed-content.js';
import { codecNumberIn } from '../protocol/urn.js';
import type { Codec } from './codec.js';
import { contentTypeOf, reads } from './packed-content.js';

/** What `curl -d` says of any body, so that it says nothing. */
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** The codec that a flag says which names none. */
const NO_CODEC = '00';

/** What tells by which codec a call is written. */
export interface CallToDecode {
  readonly wire: 'grpc' | 'http';
  /** Media type of the body, lower case and without parameters. */
  readonly contentType: string;
}

/** A failure as it goes to who has called. */
export interface WrittenFailure {
  readonly body: Uint8Array;
  /** Its media type, for wires that say one. */
  readonly contentType: string;
}

/**
 * Finds the codec of a call: by the media type of its content when it is packed; in the form of the standard by its content type over
 * HTTP, and by the flag of its URN.
 */
export class CallCodecs {
  private readonly codecs: readonly Codec[];
  private readonly byType: ReadonlyMap<string, Codec>;
  private readonly byNumber: ReadonlyMap<string, Codec>;
  /** That of a flag that names none: JSON, unless the own codec has no number by which callers could name it. */
  private readonly unnamed: Codec;

  /**
   * @param own the codec of this mesh, which goes before others of its format and content types
   * @param others all that there are
   */
  constructor(
    readonly own: Codec,
    others: readonly Codec[],
  ) {
    this.codecs = [own, ...others];
    this.byType = firstBy(this.codecs, ({ contentTypes }) =>
      contentTypes.map((type) => type.toLowerCase()).filter((type) => type !== FORM_TYPE),
    );
    this.byNumber = firstBy(this.codecs, numbersOf);
    this.unnamed = numbersOf(own).length === 0 ? own : (this.byNumber.get(NO_CODEC) ?? own);
  }

  /** What reads a packed content. @throws MeshError E0000000616 for a media type that none reads */
  ofContent(content: PackedContent): Codec {
    if (reads(this.own, content)) return this.own;
    const found = this.codecs.find((codec) => reads(codec, content));
    if (found) return found;
    const known = [...new Set(this.codecs.flatMap(({ contentTypes }) => contentTypes))].map((type) => `'${type}'`);
    const shown = JSON.stringify(content.contentType.slice(0, 100) || 'application/json');
    throw new MeshError(MeshCode.ENCODING, `the content type ${shown} is not understood; known: ${known.join(', ')}`);
  }

  /**
   * What reads a call in the form of the standard, and writes its answer or error.
   *
   * @param number that of the codec in the flag of the URN that the headers say; `undefined` where they say none
   */
  ofCall({ wire, contentType }: CallToDecode, number: string | undefined): Codec {
    const named = wire === 'http' ? this.byType.get(contentType) : undefined;
    return named ?? this.ofNumber(number);
  }

  /** As {@link ofCall}, for who has not read the URN. */
  ofHead(call: CallToDecode & { readonly headers: Readonly<Record<string, string>> }): Codec {
    return this.ofCall(call, codecNumberIn(call.headers[Header.URN] ?? ''));
  }

  /** The codec that a flag names, where no content type does; the own one for a number without a codec, and where there is no flag. */
  ofNumber(number: string | undefined): Codec {
    if (number === NO_CODEC) return this.unnamed;
    return (number === undefined ? undefined : this.byNumber.get(number)) ?? this.own;
  }

  /** Writes why a call failed. What a codec cannot say, or that it lacks its package, is said in place of it: the caller is told something. */
  failure(error: MeshError, codec: Codec): WrittenFailure {
    try {
      return written(error, codec);
    } catch (unsayable) {
      return this.failureInstead(error, toMeshError(unsayable), codec);
    }
  }

  private failureInstead(error: MeshError, unsayable: MeshError, codec: Codec): WrittenFailure {
    try {
      return written(unsayable, codec);
    } catch {
      return written(error, this.own);
    }
  }
}

function written(error: MeshError, codec: Codec): WrittenFailure {
  return { body: codec.encode(failureEnvelope(error)), contentType: contentTypeOf(codec) };
}

/** The number of a codec's format in the protocol, if it has one. */
function numbersOf({ format }: Codec): readonly string[] {
  return Object.hasOwn(CODEC_NUMBER, format) ? [CODEC_NUMBER[format]!] : [];
}

function firstBy(codecs: readonly Codec[], keysOf: (codec: Codec) => readonly string[]): ReadonlyMap<string, Codec> {
  const found = new Map<string, Codec>();
  for (const codec of codecs) for (const key of keysOf(codec)) if (!found.has(key)) found.set(key, codec);
  return found;
}
