/** The type of a field: a scalar, a map of texts, or the full name of a message or an enum of the same file. */
export type FieldType =
  'string' | 'bytes' | 'int32' | 'string map' | { readonly message: string } | { readonly enum: string };

/** A field of a message. */
export interface FieldDescription {
  readonly name: string;
  readonly number: number;
  readonly type: FieldType;
  readonly repeated?: true;
  /** The group of fields of which one is there at most. */
  readonly oneof?: string;
}

/** An enum; its values in the order of their numbers, from 0 on. */
export interface EnumDescription {
  readonly name: string;
  readonly values: readonly string[];
}

/** A message. */
export interface MessageDescription {
  readonly name: string;
  readonly fields: readonly FieldDescription[];
  readonly enums?: readonly EnumDescription[];
}

/** A method of a service. */
export interface MethodDescription {
  readonly name: string;
  /** Name of the message, within the file's package. */
  readonly input: string;
  /** Name of the message, within the file's package. */
  readonly output: string;
  /** Which sides send a stream of messages. Default: neither. */
  readonly streams?: 'server' | 'both';
}

/** A gRPC service. */
export interface ServiceDescription {
  readonly name: string;
  readonly methods: readonly MethodDescription[];
}

/** A file in proto3 that imports no other. */
export interface FileDescription {
  readonly name: string;
  readonly package: string;
  readonly messages: readonly MessageDescription[];
  readonly services: readonly ServiceDescription[];
}

/** The full name of a service. */
export function serviceName(file: FileDescription, service: ServiceDescription): string {
  return `${file.package}.${service.name}`;
}

/** The paths by which the methods of a service are called. */
export function methodPaths(file: FileDescription, service: ServiceDescription): readonly string[] {
  return service.methods.map((method) => `/${serviceName(file, service)}/${method.name}`);
}

/** The full names of all that a file defines. */
export function symbolsOf(file: FileDescription): readonly string[] {
  const messages = file.messages.flatMap(({ name, fields, enums = [] }) => [
    name,
    ...fields.map((field) => `${name}.${field.name}`),
    ...enums.flatMap((one) => [`${name}.${one.name}`, ...one.values.map((value) => `${name}.${value}`)]),
  ]);
  const services = file.services.flatMap(({ name, methods }) => [name, ...methods.map((one) => `${name}.${one.name}`)]);
  return [...messages, ...services].map((symbol) => `${file.package}.${symbol}`);
}
