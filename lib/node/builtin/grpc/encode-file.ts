import type {
  EnumDescription,
  FieldDescription,
  FieldType,
  FileDescription,
  MessageDescription,
  MethodDescription,
  ServiceDescription,
} from './file-description.js';
import { bytesField, numberField, textField } from './protobuf-fields.js';

/** Numbers of types and labels in `google/protobuf/descriptor.proto`. */
const TYPE = { int32: 5, string: 9, message: 11, bytes: 12, enum: 14 } as const;
const OPTIONAL = 1;
const REPEATED = 3;

/** Writes a file as a `google.protobuf.FileDescriptorProto`, which is how reflection hands it out. */
export function encodeFile(file: FileDescription): Buffer {
  return Buffer.concat([
    textField(1, file.name),
    textField(2, file.package),
    ...file.messages.map((message) => bytesField(4, encodeMessage(message, file))),
    ...file.services.map((service) => bytesField(6, encodeService(service, file))),
    textField(12, 'proto3'),
  ]);
}

function encodeMessage({ name, fields, enums = [] }: MessageDescription, file: FileDescription): Buffer {
  const full = `.${file.package}.${name}`;
  const oneofs = [...new Set(fields.flatMap(({ oneof }) => oneof ?? []))];
  const maps = fields.filter(({ type }) => type === 'string map');
  return Buffer.concat([
    textField(1, name),
    ...fields.map((field) => bytesField(2, encodeField(field, full, oneofs))),
    ...maps.map((map) => bytesField(3, encodeEntry(map))),
    ...enums.map((one) => bytesField(4, encodeEnum(one))),
    ...oneofs.map((oneof) => bytesField(8, textField(1, oneof))),
  ]);
}

function encodeField(field: FieldDescription, message: string, oneofs: readonly string[]): Buffer {
  const { name, number, type, repeated, oneof } = field;
  return Buffer.concat([
    textField(1, name),
    numberField(3, number),
    numberField(4, repeated || type === 'string map' ? REPEATED : OPTIONAL),
    ...encodeType(type, `${message}.${entryName(name)}`),
    ...(oneof === undefined ? [] : [numberField(9, oneofs.indexOf(oneof))]),
    textField(
      10,
      name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    ),
  ]);
}

function encodeType(type: FieldType, entry: string): readonly Buffer[] {
  if (type === 'string map') return [numberField(5, TYPE.message), textField(6, entry)];
  if (typeof type === 'string') return [numberField(5, TYPE[type])];
  if ('message' in type) return [numberField(5, TYPE.message), textField(6, `.${type.message}`)];
  return [numberField(5, TYPE.enum), textField(6, `.${type.enum}`)];
}

/** On the wire a map is a repeated message of key and value. */
function encodeEntry({ name }: FieldDescription): Buffer {
  const fields = [
    { name: 'key', number: 1, type: 'string' },
    { name: 'value', number: 2, type: 'string' },
  ] as const;
  const options = numberField(7, 1);
  return Buffer.concat([
    textField(1, entryName(name)),
    ...fields.map((field) => bytesField(2, encodeField(field, '', []))),
    bytesField(7, options),
  ]);
}

function entryName(field: string): string {
  return `${field.replace(/(?:^|_)(.)/g, (_, letter: string) => letter.toUpperCase())}Entry`;
}

function encodeEnum({ name, values }: EnumDescription): Buffer {
  const encoded = values.map((value, index) => bytesField(2, textField(1, value), numberField(2, index)));
  return Buffer.concat([textField(1, name), ...encoded]);
}

function encodeService({ name, methods }: ServiceDescription, file: FileDescription): Buffer {
  return Buffer.concat([textField(1, name), ...methods.map((method) => bytesField(2, encodeMethod(method, file)))]);
}

function encodeMethod({ name, input, output, streams }: MethodDescription, file: FileDescription): Buffer {
  return Buffer.concat([
    textField(1, name),
    textField(2, `.${file.package}.${input}`),
    textField(3, `.${file.package}.${output}`),
    ...(streams === 'both' ? [numberField(5, 1)] : []),
    ...(streams === undefined ? [] : [numberField(6, 1)]),
  ]);
}
