import { create, createFileRegistry, fromBinary, toBinary, toJson } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { encodePtp } from '../../../../../lib/protocol/ptp/protobuf-writer.js';
import { encodeFile } from '../../../../../lib/node/builtin/grpc/encode-file.js';
import {
  HEALTH_FILE,
  PROTOCOL_FILE,
  REFLECTION_FILES,
  TRANSPORT_FILE,
} from '../../../../../lib/node/builtin/grpc/files.js';

const files = [TRANSPORT_FILE, PROTOCOL_FILE, HEALTH_FILE, ...REFLECTION_FILES];

const decode = (file: (typeof files)[number]) => fromBinary(FileDescriptorProtoSchema, encodeFile(file));

const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: files.map(decode) }));

describe('the description of a file, encoded', () => {
  it.each(files)('$name has nothing that its decoder does not know', (file) => {
    const decoded = decode(file);
    expect(decoded.$unknown).toBeUndefined();
    expect(toBinary(FileDescriptorProtoSchema, decoded)).toHaveLength(encodeFile(file).length);
  });

  it('describes the messages that are really sent', () => {
    const push = registry.getMessage('org.ppc.ptp.PushInbound')!;
    const value = { topic: '节点', payload: Buffer.from([0, 255]), metadata: { k: 'v', '': '' } };
    expect(toJson(push, fromBinary(push, encodePtp('PushInbound', value)))).toEqual({
      topic: '节点',
      payload: 'AP8=',
      metadata: { k: 'v', '': '' },
    });
    const pop = registry.getMessage('org.ppc.ptp.PopInbound')!;
    expect(toJson(pop, fromBinary(pop, encodePtp('PopInbound', { topic: 't', timeout: -1 })))).toEqual({
      topic: 't',
      timeout: -1,
    });
  });

  it('says which fields exclude each other, also in the first such group', () => {
    const request = registry.getMessage('grpc.reflection.v1.ServerReflectionRequest')!;
    expect(request.oneofs.map(({ name, fields }) => [name, fields.map((field) => field.number)])).toEqual([
      ['message_request', [3, 4, 5, 6, 7]],
    ]);
    expect(request.fields.find(({ number }) => number === 6)?.jsonName).toBe('allExtensionNumbersOfType');
  });

  it('says which sides send a stream', () => {
    const kinds = ['org.ppc.ptp.PrivateTransferProtocol', 'grpc.health.v1.Health'].flatMap((name) =>
      registry.getService(name)!.methods.map((method) => [method.name, method.methodKind]),
    );
    expect(Object.fromEntries(kinds)).toEqual({
      transport: 'bidi_streaming',
      invoke: 'unary',
      Check: 'unary',
      Watch: 'server_streaming',
    });
  });

  it('has enums with all their values, 0 among them', () => {
    const status = registry.getEnum('grpc.health.v1.HealthCheckResponse.ServingStatus')!;
    expect(status.values.map(({ name, number }) => [name, number])).toEqual([
      ['UNKNOWN', 0],
      ['SERVING', 1],
      ['NOT_SERVING', 2],
      ['SERVICE_UNKNOWN', 3],
    ]);
  });
});
