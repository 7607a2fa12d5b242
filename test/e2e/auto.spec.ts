import { Inject } from '@nestjs/common';
import { type MeshOptions, MeshFacade, MeshProvider, type MeshService, Mpi } from 'nestjs-mesh';
import { type Connection, MESH_OPTIONS, MeshExtension, type ResolvedMeshOptions, TRANSPORT } from 'nestjs-mesh/spi';
import { describe, expect, it } from 'vitest';
import { GrpcTransport } from '../../lib/transport/grpc/grpc-transport.js';
import { startApp, startConsumer, type TestAppParts } from '../support/mesh-app.js';
import { Witness } from '../support/witness.js';

@MeshFacade()
class Mirror {
  @Mpi('mesh.mirror.turn', ['text']) turn!: (text: string) => Promise<string>;
}

@MeshProvider(Mirror)
class MirrorController implements MeshService<Mirror> {
  turn(text: string): string {
    return [...text].toReversed().join('');
  }
}

const dialled: string[] = [];

/** An application's own gRPC. */
@MeshExtension(TRANSPORT, 'grpc')
class OwnGrpc extends GrpcTransport {
  constructor(@Inject(MESH_OPTIONS) options: ResolvedMeshOptions) {
    super(options);
  }

  override dial(address: string): Connection {
    dialled.push(address);
    return super.dial(address);
  }
}

/** A consumer of a provider behind a witness. */
async function connect(options: MeshOptions, parts: TestAppParts = {}): Promise<{ mirror: Mirror; witness: Witness }> {
  const { address } = await startApp({ controllers: [MirrorController] });
  const witness = await Witness.before(address);
  const services = options.services?.map((service) => ({ ...service, addresses: [witness.address] }));
  const all = { ...options, ...(services && { services }) };
  const consumer = await startConsumer(witness.address, { facades: [Mirror], ...parts, options: all });
  return { mirror: consumer.client(Mirror), witness };
}

const service = { service: 'mesh.mirror.*', addresses: [] };

describe('an application where nothing names a transport', () => {
  it('calls a peer of its own kind over TCP soon, and no call fails meanwhile', async () => {
    const { mirror, witness } = await connect({});
    const carried = () => witness.connections.find(({ spoken }) => spoken === 'tcp')?.isOpen ?? false;
    for (let i = 0; i < 5 || !carried(); i++) expect(await mirror.turn('abc')).toBe('cba');
    const many = await Promise.all(Array.from({ length: 200 }, () => mirror.turn('abc')));
    expect(new Set(many)).toEqual(new Set(['cba']));
    expect(witness.connections.map(({ spoken }) => spoken)).toEqual(['grpc', 'tcp']);
  });
});

describe('an application that names a transport', () => {
  it.each<[string, MeshOptions, readonly string[]]>([
    ['grpc for everything', { use: { transport: 'grpc' } }, ['grpc']],
    [
      'grpc for everything, and for what stands as auto',
      { use: { transport: 'grpc' }, services: [{ ...service, transport: 'auto' }] },
      ['grpc'],
    ],
    ['grpc for a service', { services: [{ ...service, transport: 'grpc' }] }, ['grpc']],
    ['tcp for everything', { use: { transport: 'tcp' } }, ['tcp']],
    ['tcp for a service', { services: [{ ...service, transport: 'tcp' }] }, ['tcp']],
    [
      'tcp for everything but a service',
      { use: { transport: 'tcp' }, services: [{ ...service, transport: 'grpc' }] },
      ['grpc'],
    ],
  ])('uses it alone: %s', async (_, options, expected) => {
    const { mirror, witness } = await connect(options);
    for (let i = 0; i < 30; i++) await mirror.turn('abc');
    expect(witness.connections.map(({ spoken }) => spoken)).toEqual(expected);
  });

  it('uses a grpc of its own alone', async () => {
    dialled.length = 0;
    const { mirror, witness } = await connect({}, { providers: [OwnGrpc] });
    for (let i = 0; i < 30; i++) await mirror.turn('abc');
    expect(witness.connections.map(({ spoken }) => spoken)).toEqual(['grpc']);
    expect(dialled).toEqual([witness.address]);
  });
});
