import type { PtpLayout, PtpMessages } from './messages.js';

/** How a field is written. */
export type FieldKind = 'string' | 'bytes' | 'int32' | 'map';

/** One field of a message. */
export interface Field {
  readonly name: string;
  readonly number: number;
  readonly kind: FieldKind;
}

/** A message: its fields in the order in which they are written, and by number. */
export interface Schema {
  readonly name: string;
  readonly fields: readonly Field[];
  readonly byNumber: readonly (Field | undefined)[];
}

const field = (name: string, number: number, kind: FieldKind): Field => ({ name, number, kind });

function schema(name: string, ...fields: Field[]): Schema {
  const byNumber: (Field | undefined)[] = [];
  for (const one of fields) byNumber[one.number] = one;
  return { name, fields, byNumber };
}

const answer = (name: string) =>
  schema(
    name,
    field('metadata', 1, 'map'),
    field('payload', 2, 'bytes'),
    field('code', 3, 'string'),
    field('message', 4, 'string'),
  );

/** The fields of the standard's messages. */
const STANDARD: { readonly [K in keyof PtpMessages]: Schema } = {
  PushInbound: schema(
    'PushInbound',
    field('topic', 1, 'string'),
    field('payload', 2, 'bytes'),
    field('metadata', 3, 'map'),
  ),
  PopInbound: schema('PopInbound', field('topic', 1, 'string'), field('timeout', 2, 'int32')),
  PeekInbound: schema('PeekInbound', field('topic', 1, 'string')),
  ReleaseInbound: schema('ReleaseInbound', field('topic', 1, 'string'), field('timeout', 2, 'int32')),
  TransportOutbound: answer('TransportOutbound'),
  Inbound: schema('Inbound', field('metadata', 1, 'map'), field('payload', 2, 'bytes')),
  Outbound: answer('Outbound'),
};

const YACL_ANSWER = schema(
  'TransportOutbound',
  field('payload', 1, 'bytes'),
  field('code', 2, 'string'),
  field('message', 3, 'string'),
);

/** The fields of a message in a layout: only yacl's answer differs from the standard. */
export function schemaOf(message: keyof PtpMessages, layout: PtpLayout): Schema {
  return layout === 'yacl' && message === 'TransportOutbound' ? YACL_ANSWER : STANDARD[message];
}
