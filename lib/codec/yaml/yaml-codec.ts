import { Inject } from '@nestjs/common';
import type { Pair } from 'yaml';
import { MeshExtension } from '../../kernel/extension.decorator.js';
import { MESH_OPTIONS, type ResolvedMeshOptions } from '../../options/mesh-options.js';
import { CODEC, type Codec } from '../codec.js';
import { checkKey, decodeBy, integerOf, malformed, refused, textOf, tooDeep } from '../decoding.js';
import { loadOptional } from '../optional-package.js';
import { base64, plainValue, unsayable } from '../plain-value.js';
import { lexYaml } from './lex-yaml.js';

const FORMAT = 'YAML';

type Yaml = typeof import('yaml');

/** YAML 1.2, core schema, one document, without aliases, anchors and tags. Bytes are base64. */
@MeshExtension(CODEC, 'yaml')
export class YamlCodec implements Codec {
  readonly format = 'yaml';
  readonly contentTypes: readonly string[] = ['application/x-yaml', 'application/yaml'];
  private readonly maxDepth: number;

  constructor(@Inject(MESH_OPTIONS) options: Pick<ResolvedMeshOptions, 'limits'>) {
    this.maxDepth = options.limits.maxDepth;
  }

  encode(value: unknown): Uint8Array {
    const yaml = library();
    const number = (one: number | bigint): unknown => numberNode(yaml, one);
    const plain = plainValue(value, { format: FORMAT, bytes: base64, number });
    try {
      return Buffer.from(yaml.stringify(plain, { schema: 'core', lineWidth: 0, aliasDuplicateObjects: false }));
    } catch (error) {
      throw unsayable(FORMAT, error instanceof Error ? error.message : String(error), error);
    }
  }

  decode(bytes: Uint8Array): unknown {
    const yaml = library();
    const text = textOf(FORMAT, bytes);
    return decodeBy(FORMAT, () => {
      lexYaml(yaml, text, this.maxDepth);
      // The library would look for a repeated key among all before it; here a set does.
      const options = { schema: 'core', intAsBigInt: true, uniqueKeys: false, prettyErrors: false } as const;
      const document = yaml.parseDocument(text, { ...options, merge: false, logLevel: 'error' });
      if (document.errors[0]) throw malformed(FORMAT, document.errors[0].message, document.errors[0]);
      if (document.contents === null) throw malformed(FORMAT, 'it is empty');
      return new YamlValue(yaml, this.maxDepth).of(document.contents, this.maxDepth);
    });
  }
}

function library() {
  return loadOptional('yaml', FORMAT, (require) => require('yaml') as Yaml);
}

/** A number without fraction beyond 2^53 gets an exponent, so that it is not read as another integer. */
function numberNode(yaml: Yaml, value: number | bigint): unknown {
  if (typeof value === 'bigint' || !Number.isInteger(value)) return value;
  const scalar = new yaml.Scalar(value);
  scalar.format = 'EXP';
  scalar.source = String(value);
  return scalar;
}

class YamlValue {
  constructor(
    private readonly yaml: Yaml,
    private readonly maxDepth: number,
  ) {}

  of(node: unknown, room: number): unknown {
    const { isMap, isScalar, isSeq } = this.yaml;
    if (isScalar(node)) return scalarOf(node.value);
    if (room === 0) throw tooDeep(FORMAT, this.maxDepth);
    if (isSeq(node)) return node.items.map((item) => this.of(item, room - 1));
    if (isMap(node)) return this.record(node.items, room);
    if (node === null || node === undefined) return null;
    throw refused(FORMAT, 'it has what is neither a scalar, nor a sequence, nor a map');
  }

  private record(pairs: readonly Pair[], room: number): Record<string, unknown> {
    const record: Record<string, unknown> = {};
    for (const { key, value } of pairs) {
      const name = checkKey(FORMAT, this.key(key));
      if (Object.hasOwn(record, name)) throw malformed(FORMAT, 'a map has a key twice');
      record[name] = this.of(value, room - 1);
    }
    return record;
  }

  private key(node: unknown): string {
    if (!this.yaml.isScalar(node)) throw malformed(FORMAT, 'a key is no scalar');
    return node.value === null ? (node.source ?? '') : String(node.value);
  }
}

function scalarOf(value: unknown): unknown {
  return typeof value === 'bigint' ? integerOf(value) : value;
}
