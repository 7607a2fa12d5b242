import { create, createFileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type FieldDescriptorProto,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import protobufjs from 'protobufjs';
import { decodePtp } from '../../lib/protocol/ptp/protobuf-reader.js';
import { encodePtp } from '../../lib/protocol/ptp/protobuf-writer.js';
import type { PtpLayout, PtpMessages } from '../../lib/protocol/ptp/messages.js';

/** The name of a message. */
export type PtpName = keyof PtpMessages;

/** A message as plain values, for comparison: bytes as hex. */
export type PlainMessage = Readonly<Record<string, unknown>>;

/** One implementation of protobuf. */
export interface PtpPeer {
  encode(message: PtpName, value: PtpMessages[PtpName], layout: PtpLayout): Uint8Array;
  /** Decodes as far as a user of that implementation does; throws what is no such message. */
  decode(message: PtpName, bytes: Uint8Array, layout: PtpLayout): unknown;
}

type FieldType = 'string' | 'bytes' | 'int32' | 'map';

const standardAnswer = {
  metadata: [1, 'map'],
  payload: [2, 'bytes'],
  code: [3, 'string'],
  message: [4, 'string'],
} as const;

/** What PROTOCOL.md says of each message, written down once more, apart from the library. */
const definitions = {
  PushInbound: { topic: [1, 'string'], payload: [2, 'bytes'], metadata: [3, 'map'] },
  PopInbound: { topic: [1, 'string'], timeout: [2, 'int32'] },
  PeekInbound: { topic: [1, 'string'] },
  ReleaseInbound: { topic: [1, 'string'], timeout: [2, 'int32'] },
  TransportOutbound: standardAnswer,
  Inbound: { metadata: [1, 'map'], payload: [2, 'bytes'] },
  Outbound: standardAnswer,
  YaclOutbound: { payload: [1, 'bytes'], code: [2, 'string'], message: [3, 'string'] },
} as const satisfies Readonly<Record<string, Readonly<Record<string, readonly [number, FieldType]>>>>;

type Definition = Readonly<Record<string, readonly [number, FieldType]>>;

/** The names of all messages. */
export const PTP_NAMES: readonly PtpName[] = [
  'PushInbound',
  'PopInbound',
  'PeekInbound',
  'ReleaseInbound',
  'TransportOutbound',
  'Inbound',
  'Outbound',
];

/** The fields of a message, by name. */
export function fieldsOf(message: PtpName, layout: PtpLayout): Definition {
  return definitions[definitionOf(message, layout)];
}

function definitionOf(message: PtpName, layout: PtpLayout): keyof typeof definitions {
  return layout === 'yacl' && message === 'TransportOutbound' ? 'YaclOutbound' : message;
}

/** The library's own. */
export const handWritten: PtpPeer = {
  encode: encodePtp,
  decode: decodePtp,
};

/** protobufjs, which generates code for each message when it is first used. */
export function protobufJs(): PtpPeer {
  const types = new Map(
    Object.entries(definitions).map(([name, fields]) => {
      const type = new protobufjs.Type(name);
      for (const [field, [number, kind]] of Object.entries(fields as Definition)) {
        if (kind === 'map') type.add(new protobufjs.MapField(field, number, 'string', 'string'));
        else type.add(new protobufjs.Field(field, number, kind));
      }
      return [name, new protobufjs.Root().add(type).lookupType(name)];
    }),
  );
  const typeOf = (message: PtpName, layout: PtpLayout): protobufjs.Type => {
    const type = types.get(definitionOf(message, layout));
    if (!type) throw new Error(`no type ${message}`);
    return type;
  };
  return {
    encode: (message, value, layout) => typeOf(message, layout).encode(value).finish(),
    decode: (message, bytes, layout) => typeOf(message, layout).decode(bytes),
  };
}

/** protobuf-es, which reads a message's description while it encodes and decodes. */
export function protobufEs(): PtpPeer {
  const TYPES = { string: Type.STRING, bytes: Type.BYTES, int32: Type.INT32, map: Type.MESSAGE };
  const field = (owner: string, name: string, number: number, kind: FieldType): Partial<FieldDescriptorProto> => ({
    name,
    number,
    label: kind === 'map' ? Label.REPEATED : Label.OPTIONAL,
    type: TYPES[kind],
    ...(kind === 'map' && { typeName: `.${owner}.MetadataEntry` }),
  });
  const entry = {
    name: 'MetadataEntry',
    field: [field('', 'key', 1, 'string'), field('', 'value', 2, 'string')],
    options: { mapEntry: true },
  };
  const messageType = Object.entries(definitions).map(([name, fields]) => ({
    name,
    field: Object.entries(fields as Definition).map(([key, [number, kind]]) => field(name, key, number, kind)),
    nestedType: [entry],
  }));
  const set = create(FileDescriptorSetSchema, {
    file: [{ name: 'ptp.proto', syntax: 'proto3', messageType }],
  } as never);
  const registry = createFileRegistry(set);
  const schemaOf = (message: PtpName, layout: PtpLayout) => {
    const schema = registry.getMessage(definitionOf(message, layout));
    if (!schema) throw new Error(`no type ${message}`);
    return schema;
  };
  return {
    encode(message, value, layout) {
      const schema = schemaOf(message, layout);
      return toBinary(schema, create(schema, { ...value } as never));
    },
    decode: (message, bytes, layout) => fromBinary(schemaOf(message, layout), bytes),
  };
}

/** A message as plain values, from whichever implementation it comes: absent fields with their defaults, maps as sorted pairs. */
export function plain(message: PtpName, decoded: unknown, layout: PtpLayout): PlainMessage {
  const values = decoded as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(fieldsOf(message, layout)).map(([name, [, kind]]) => [name, plainValue(values[name], kind)]),
  );
}

function plainValue(value: unknown, kind: FieldType): unknown {
  if (kind === 'bytes') return Buffer.from((value as Uint8Array | undefined) ?? []).toString('hex');
  if (kind === 'map') return Object.entries((value as Record<string, string> | undefined) ?? {}).toSorted();
  return value ?? (kind === 'int32' ? 0 : '');
}
