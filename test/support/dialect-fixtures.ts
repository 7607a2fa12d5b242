import { FormCodec } from '../../lib/codec/form/form-codec.js';
import { fieldFormats } from '../../lib/codec/formats.js';
import { JsonCodec } from '../../lib/codec/json/json-codec.js';
import { MsgpackCodec } from '../../lib/codec/msgpack/msgpack-codec.js';
import { TomlCodec } from '../../lib/codec/toml/toml-codec.js';
import { XmlCodec } from '../../lib/codec/xml/xml-codec.js';
import { YamlCodec } from '../../lib/codec/yaml/yaml-codec.js';
import { MeshError } from '../../lib/errors/mesh-error.js';
import type { Dialect, RawAnswer, RawRequest } from '../../lib/protocol/dialect.js';
import { FateDialect } from '../../lib/protocol/dialects/fate/fate-dialect.js';
import { MeshDialect } from '../../lib/protocol/dialects/mesh/mesh-dialect.js';
import { StandardDialect } from '../../lib/protocol/dialects/standard/standard-dialect.js';
import { YaclDialect } from '../../lib/protocol/dialects/yacl/yacl-dialect.js';
import type { SessionAnswer, SessionRequest } from '../../lib/protocol/session-call.js';

const options = { limits: { maxDepth: 64, maxMessageBytes: 1_000_000, maxBodyBytes: 1_000_000 } };

/** Every format that comes with the package. */
export const formats = fieldFormats([
  new JsonCodec(options),
  new MsgpackCodec(options),
  new XmlCodec(options),
  new YamlCodec(options),
  new TomlCodec(options),
  new FormCodec(options),
]);

export const standard = new StandardDialect();
export const mesh = new MeshDialect();
export const fate = new FateDialect();
export const yacl = new YaclDialect();

/** Every dialect by name. */
export const dialects: Readonly<Record<'standard' | 'mesh' | 'fate' | 'yacl', Dialect>> = {
  standard,
  mesh,
  fate,
  yacl,
};

/** The dialects whose messages are those of the standard. */
export const envelopes = [
  ['standard', standard],
  ['mesh', mesh],
  ['fate', fate],
] as const;

/** A pop over HTTP in JSON with an empty body, unless said otherwise. */
export function rawRequest(parts: Partial<RawRequest> & { readonly text?: string }): RawRequest {
  const { text, ...raw } = parts;
  return {
    operation: 'pop',
    wire: 'http',
    headers: {},
    query: '',
    contentType: 'application/json',
    body: Buffer.from(text ?? ''),
    ...raw,
  };
}

/** A pop of a topic without payload, unless said otherwise. */
export function sessionRequest(parts: Partial<SessionRequest>): SessionRequest {
  return {
    operation: 'pop',
    session: 'session_id_008',
    topic: 'topic',
    payload: Buffer.alloc(0),
    timeoutMs: undefined,
    metadata: {},
    messageId: '',
    parties: { sourceNodeId: 'LX1', sourceInstId: 'JG1', targetNodeId: 'LX2', targetInstId: 'JG2' },
    traceId: 'trace',
    token: 'x',
    providerCode: 'LX',
    ...parts,
  };
}

/** A success without payload, unless said otherwise. */
export function sessionAnswer(parts: Partial<SessionAnswer>): SessionAnswer {
  return { code: 'E0000000000', message: 'success', payload: undefined, metadata: {}, ...parts };
}

/** What stands in an answer in JSON. */
export function jsonOf({ body }: { readonly body: Uint8Array }): unknown {
  return JSON.parse(Buffer.from(body).toString()) as unknown;
}

/** An answer in JSON. */
export function jsonAnswer(fields: unknown): RawAnswer {
  return { contentType: 'application/json', body: Buffer.from(JSON.stringify(fields)) };
}

/** The text of a payload; `undefined` when there is none. */
export function payloadText({ payload }: { readonly payload: Uint8Array | undefined }): string | undefined {
  return payload && Buffer.from(payload).toString();
}

/** The error that a function throws, which must be a MeshError. */
export function thrownBy(run: () => unknown): MeshError {
  try {
    run();
  } catch (error) {
    if (error instanceof MeshError) return error;
    throw error;
  }
  throw new Error('expected an error');
}
