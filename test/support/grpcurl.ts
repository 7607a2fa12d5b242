import {
  create,
  createFileRegistry,
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonObject,
  type JsonValue,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import { ReflectionClient } from './grpc-tools.js';

/**
 * Does what `grpcurl -plaintext` does: it knows nothing of a server but its address, learns by reflection what there is, and makes calls
 * of that and of JSON. It is made of grpc-js and protobuf-es, and of nothing of the project.
 */
export class Grpcurl {
  private readonly reflection: ReflectionClient;
  private readonly client: Client;

  constructor(address: string) {
    this.reflection = new ReflectionClient(address);
    this.client = new Client(address, credentials.createInsecure());
    onTestFinished(() => this.client.close());
  }

  /** `grpcurl ADDRESS list`. */
  async list(): Promise<readonly string[]> {
    const { list_services_response: answer } = await this.reflection.ask({ list_services: '*' });
    return (answer as { service: readonly { name: string }[] }).service.map(({ name }) => name);
  }

  /** `grpcurl ADDRESS list SERVICE`. */
  async methods(service: string): Promise<readonly string[]> {
    const described = (await this.describe(service)).getService(service);
    return (described?.methods ?? []).map(({ name }) => `${service}.${name}`);
  }

  /** `grpcurl -H 'name: value' -d JSON ADDRESS SERVICE/METHOD`, of a unary method. */
  async call(path: string, json: JsonValue, headers: Readonly<Record<string, string>> = {}): Promise<JsonObject> {
    const [service = '', name] = path.split('/');
    const registry = await this.describe(service);
    const method = registry.getService(service)?.methods.find((one) => one.name === name);
    if (method?.methodKind !== 'unary') throw new Error(`there is no unary method ${path}`);
    const request = toBinary(method.input, fromJson(method.input, json, { registry }));
    const answer = await this.unary(path, request, headers);
    return toJson(method.output, fromBinary(method.output, answer), {
      registry,
      alwaysEmitImplicit: true,
    }) as JsonObject;
  }

  private unary(path: string, request: Uint8Array, headers: Readonly<Record<string, string>>): Promise<Uint8Array> {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    const [write, read] = [(bytes: Uint8Array) => Buffer.from(bytes), (bytes: Buffer) => bytes];
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(`/${path}`, write, read, request, metadata, (error, answer) => {
        if (error) reject(error);
        else resolve(answer ?? new Uint8Array(0));
      });
    });
  }

  /** All files that a service is described in, from its own to those that they import. */
  private async describe(service: string): Promise<FileRegistry> {
    const files = new Map<string, FileDescriptorProto>();
    const take = async (question: Readonly<Record<string, unknown>>): Promise<void> => {
      const { file_descriptor_response: answer } = await this.reflection.ask(question);
      if (!answer) throw new Error(`the server does not describe ${JSON.stringify(question)}`);
      for (const bytes of (answer as { file_descriptor_proto: readonly Uint8Array[] }).file_descriptor_proto) {
        const file = fromBinary(FileDescriptorProtoSchema, bytes);
        files.set(file.name, file);
        for (const name of file.dependency) if (!files.has(name)) await take({ file_by_filename: name });
      }
    };
    await take({ file_containing_symbol: service });
    return createFileRegistry(create(FileDescriptorSetSchema, { file: [...files.values()].toReversed() }));
  }
}
