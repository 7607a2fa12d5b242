import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { HealthClient, ReflectionClient } from '../../support/grpc-tools.js';
import { startApp } from '../../support/mesh-app.js';

const NOT_FOUND = 5;
const INVALID_ARGUMENT = 3;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;

const SERVICES = [
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
  'org.ppc.ptp.PrivateTransferProtocol',
  'org.ppc.ptp.PrivateTransferTransport',
];

function filesOf(answer: Record<string, unknown>): FileDescriptorProto[] {
  const { file_descriptor_proto: files } = answer['file_descriptor_response'] as {
    file_descriptor_proto: Uint8Array[];
  };
  return files.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
}

function servicesOf(answer: Record<string, unknown>): string[] {
  const { service } = answer['list_services_response'] as { service: { name: string }[] };
  return service.map(({ name }) => name).toSorted();
}

describe.each(['v1', 'v1alpha'] as const)('grpc.reflection.%s', (version) => {
  const connect = async () => new ReflectionClient((await startApp({})).address, version);

  it('lists the gRPC services', async () => {
    const client = await connect();
    const answer = await client.ask({ host: 'h', list_services: '*' });
    expect(servicesOf(answer)).toEqual(SERVICES);
    expect(answer).toMatchObject({ valid_host: 'h', original_request: { host: 'h', list_services: '*' } });
  });

  it('describes every service that it lists, so that a registry of types can be made of it', async () => {
    const client = await connect();
    for (const name of SERVICES) {
      const [file] = filesOf(await client.ask({ file_containing_symbol: name }));
      const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file!] }));
      const service = registry.getService(name)!;
      expect(service.methods.length).toBeGreaterThan(0);
      expect(filesOf(await client.ask({ file_by_filename: file!.name }))).toEqual([file]);
      const messages = service.methods.flatMap(({ input, output }) => [input.typeName, output.typeName]);
      for (const symbol of [...messages, ...service.methods.map((method) => `${name}.${method.name}`)]) {
        expect(filesOf(await client.ask({ file_containing_symbol: symbol }))[0]!.name).toBe(file!.name);
      }
    }
  });

  it.each([
    ['a file', { file_by_filename: 'google/protobuf/any.proto' }],
    ['a symbol', { file_containing_symbol: 'org.ppc.ptp' }],
    ['a symbol of absurd length', { file_containing_symbol: 'x'.repeat(10_000) }],
    ['an extension', { file_containing_extension: { containing_type: 'org.ppc.ptp.Inbound', extension_number: 9 } }],
    ['the extensions of a type', { all_extension_numbers_of_type: 'org.ppc.ptp.Nothing' }],
  ])('answers that %s is not known, and goes on', async (_, question) => {
    const client = await connect();
    const { error_response: error } = await client.ask(question);
    expect(error).toMatchObject({ error_code: NOT_FOUND });
    expect(servicesOf(await client.ask({ list_services: '' }))).toEqual(SERVICES);
  });

  it('knows that a type has no extensions', async () => {
    const client = await connect();
    const { all_extension_numbers_response: answer } = await client.ask({
      all_extension_numbers_of_type: 'org.ppc.ptp.Inbound',
    });
    expect(answer).toEqual({ base_type_name: 'org.ppc.ptp.Inbound', extension_number: [] });
  });

  it('answers that a request asks for nothing', async () => {
    const client = await connect();
    expect((await client.ask({}))['error_response']).toMatchObject({ error_code: INVALID_ARGUMENT });
  });

  it('refuses a request that it would have to repeat at length', async () => {
    const client = await connect();
    await expect(client.ask({ file_by_filename: 'x'.repeat(1_000_000) })).rejects.toMatchObject({
      code: RESOURCE_EXHAUSTED,
    });
  });
});

describe('reflection', () => {
  it('does not tell of what is switched off', async () => {
    const { address } = await startApp({ options: { builtins: { health: false } } });
    const services = servicesOf(await new ReflectionClient(address).ask({ list_services: '' }));
    expect(services).toEqual(SERVICES.filter((name) => !name.includes('health')));
  });

  it('is not there when it is switched off itself', async () => {
    const { address } = await startApp({ options: { builtins: { reflection: false } } });
    await expect(new ReflectionClient(address).ask({ list_services: '' })).rejects.toMatchObject({
      code: UNIMPLEMENTED,
    });
    expect(await new HealthClient(address).check('grpc.reflection.v1.ServerReflection')).toBe(NOT_FOUND);
  });
});
