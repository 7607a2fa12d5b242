import { Inject } from '@nestjs/common';
import { MeshExtension } from '../../kernel/extension.decorator.js';
import { MESH_OPTIONS, type ResolvedMeshOptions } from '../../options/mesh-options.js';
import { CODEC, type Codec } from '../codec.js';
import { checkKey, decodeBy, malformed, MAX_VALUES, textOf, tooDeep, tooMany } from '../decoding.js';
import { base64, plainValue, unsayable } from '../plain-value.js';

const FORMAT = 'form data';

interface FormRecord {
  [name: string]: FormValue;
}
type FormValue = string | string[] | FormRecord;

/**
 * Form data as browsers send it (`application/x-www-form-urlencoded`): `topic=t&metadata[k]=v`. All values are texts, and
 * come back as such; bytes are base64. A name in brackets is a member; a name that is repeated makes an array, which
 * therefore cannot be empty, have one item, or have other than scalar items. `null` is left out.
 */
@MeshExtension(CODEC, 'form')
export class FormCodec implements Codec {
  readonly format = 'form';
  readonly contentTypes: readonly string[] = ['application/x-www-form-urlencoded'];
  private readonly maxDepth: number;

  constructor(@Inject(MESH_OPTIONS) options: Pick<ResolvedMeshOptions, 'limits'>) {
    this.maxDepth = options.limits.maxDepth;
  }

  encode(value: unknown): Uint8Array {
    const plain = plainValue(value, { format: FORMAT, bytes: base64, nulls: 'left out' });
    if (!isRecord(plain)) throw unsayable(FORMAT, 'it is no object with named members');
    const params = new URLSearchParams();
    for (const [name, member] of Object.entries(plain)) append(params, checkName(name), member);
    return Buffer.from(params.toString());
  }

  decode(bytes: Uint8Array): unknown {
    const record: FormRecord = {};
    const text = textOf(FORMAT, bytes);
    if (text === '') return record;
    const pairs = text.split('&', MAX_VALUES + 1);
    if (pairs.length > MAX_VALUES) throw tooMany(FORMAT);
    for (const pair of pairs) if (pair !== '') this.put(record, pair);
    return record;
  }

  private put(record: FormRecord, pair: string): void {
    const equals = pair.indexOf('=');
    const name = decodeText(equals < 0 ? pair : pair.slice(0, equals));
    const path = pathOf(name).map((key) => checkKey(FORMAT, key));
    // The values themselves are no level of their own: the names are.
    if (path.length > this.maxDepth) throw tooDeep(FORMAT, this.maxDepth);
    const last = path.pop() as string;
    add(descend(record, path), last, equals < 0 ? '' : decodeText(pair.slice(equals + 1)));
  }
}

function append(params: URLSearchParams, name: string, value: unknown): void {
  if (Array.isArray(value)) {
    for (const item of value) params.append(name, scalar(item));
  } else if (isRecord(value)) {
    for (const [key, member] of Object.entries(value)) append(params, `${name}[${checkName(key)}]`, member);
  } else {
    params.append(name, scalar(value));
  }
}

function scalar(value: unknown): string {
  if (typeof value === 'object') throw unsayable(FORMAT, 'an array has an item that is no scalar');
  const text = String(value);
  if (/\p{Surrogate}/u.test(text)) throw unsayable(FORMAT, 'a text has half a surrogate pair');
  return text;
}

function checkName(name: string): string {
  if (/[[\]]/.test(name) || /\p{Surrogate}/u.test(name)) throw unsayable(FORMAT, 'a name has brackets or no UTF-8');
  return name;
}

function decodeText(text: string): string {
  return decodeBy(FORMAT, () => decodeURIComponent(text.replaceAll('+', ' ')));
}

/** `a[b][c]` as `a`, `b`, `c`. */
function pathOf(name: string): string[] {
  const bracket = name.indexOf('[');
  if (bracket < 0 && !name.includes(']')) return [name];
  const match = /^(?<first>[^[\]]*)(?<rest>(?:\[[^[\]]*\])+)$/.exec(name);
  if (!match?.groups) throw malformed(FORMAT, 'a name has brackets that do not match');
  const { first = '', rest = '' } = match.groups;
  return [first, ...rest.slice(1, -1).split('][')];
}

function descend(record: FormRecord, path: readonly string[]): FormRecord {
  let at = record;
  for (const key of path) {
    const below: FormValue = Object.hasOwn(at, key) ? (at[key] as FormValue) : {};
    if (typeof below === 'string' || Array.isArray(below))
      throw malformed(FORMAT, 'a name has both a value and members');
    at[key] = below;
    at = below;
  }
  return at;
}

function add(record: FormRecord, name: string, value: string): void {
  const before = Object.hasOwn(record, name) ? record[name] : undefined;
  if (before === undefined) record[name] = value;
  else if (Array.isArray(before)) before.push(value);
  else if (typeof before === 'string') record[name] = [before, value];
  else throw malformed(FORMAT, 'a name has both a value and members');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
