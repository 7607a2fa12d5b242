import {
  bytes,
  MeshFacade,
  type MeshOptions,
  MeshProvider,
  MeshRegistrations,
  type MeshService,
  MeshSessions,
  Mpi,
} from 'nestjs-mesh';
import { describe, expect, it } from 'vitest';
import { TestAuthority } from '../support/certificates.js';
import { eventually } from '../support/eventually.js';
import { startNode } from '../support/gateway-fixtures.js';
import { startApp, startConsumer } from '../support/mesh-app.js';
import { startScatteringRelay } from '../support/scattering-relay.js';

const KIB = 1024;
const TURN = 1024 * KIB;

/** Around what is a part of a packed body, what is given back, what is cut, a piece, and a turn of a large message. */
const SIZES = [100, 128, 129, 4 * KIB, 8 * KIB, 16 * KIB, 64 * KIB, 128 * KIB, TURN, 2 * TURN].flatMap((size) => [
  size - 40,
  size - 1,
  size,
  size + 1,
]);

/** Bytes that tell one message from another, and each place from those near it. */
function bytesOf(message: number, size: number): Buffer {
  const pattern = Buffer.from(Array.from({ length: 251 }, (_, at) => (at * 7 + message * 31) & 0xff));
  return Buffer.alloc(size, pattern);
}

/** What answers are numbered from. */
const ANSWERS = 100;

/** Says which of the messages, one of each size, are not what they were. */
function changedOf(messages: readonly (Uint8Array | undefined)[], first = 0): string[] {
  return SIZES.flatMap((size, index) => {
    const message = messages[index] ?? Buffer.alloc(0);
    return bytesOf(first + index, size).equals(message) ? [] : [`${index}: ${message.length} of ${size} bytes`];
  });
}

@MeshFacade()
class Vault {
  @Mpi('mesh.vault.keep', ['message', bytes('data')], { returns: bytes() })
  keep!: (message: number, data: Uint8Array) => Promise<Uint8Array>;
}

/** Keeps what it is given, and answers with other bytes of the same size. */
function vault() {
  const kept: Uint8Array[] = [];

  @MeshProvider(Vault)
  class VaultController implements MeshService<Vault> {
    keep(message: number, data: Uint8Array): Uint8Array {
      kept[message] = data;
      return bytesOf(ANSWERS + message, data.length);
    }
  }
  return { kept, controllers: [VaultController] };
}

const authority = new TestAuthority();
const tls = { ...authority.issue(), ca: authority.ca };
const secure = { listen: { host: '127.0.0.1', port: 0, tls } } as const;

interface Way {
  readonly name: string;
  readonly provider?: MeshOptions;
  readonly consumer: MeshOptions;
  readonly through?: 'node';
}

const ways: readonly Way[] = [
  { name: 'TCP', consumer: { use: { transport: 'tcp' } } },
  { name: 'TCP within TLS', provider: secure, consumer: { use: { transport: 'tcp' }, tcp: { tls }, grpc: { tls } } },
  { name: 'gRPC, in tunnels, too', consumer: { use: { transport: 'grpc' } } },
  { name: 'gRPC within TLS', provider: secure, consumer: { use: { transport: 'grpc' }, grpc: { tls } } },
  { name: 'HTTP', consumer: { use: { transport: 'http' } } },
  { name: 'a node, over TCP', consumer: { use: { transport: 'tcp' } }, through: 'node' },
  { name: 'a node, over gRPC', consumer: { use: { transport: 'grpc' } }, through: 'node' },
];

const limits = { maxMessageBytes: 4 * TURN };

describe.each(ways)('bytes that came by $name', ({ provider, consumer, through }) => {
  it('stay what they were for who keeps them, whatever comes after', { timeout: 30_000 }, async () => {
    const { kept, controllers } = vault();
    const node = through && (await startNode({ limits }));
    const at = node && { registry: { address: node.address } };
    const served = await startApp({ controllers, options: { limits, ...provider, ...at } });
    const registrations = node?.app.get(MeshRegistrations);
    await eventually('it is known', () => !registrations || registrations.providers('mesh.vault.keep').length > 0);
    const relay = await startScatteringRelay(node?.address ?? served.address);
    const caller = await startConsumer(relay, { facades: [Vault], options: { limits, ...consumer } });
    const client = caller.client(Vault);

    const got: Uint8Array[] = [];
    // Several at the same time, small ones beside large ones.
    const order = [...SIZES.keys()].map((n) => (n * 7) % SIZES.length);
    const keep = async (n: number): Promise<void> => {
      got[n] = await client.keep(n, bytesOf(n, SIZES[n]!));
    };
    for (let first = 0; first < order.length; first += 8) await Promise.all(order.slice(first, first + 8).map(keep));
    expect(changedOf(kept)).toEqual([]);
    expect(changedOf(got, ANSWERS)).toEqual([]);
  });
});

describe.each(ways.filter(({ through }) => !through))('payloads that came by $name', ({ provider, consumer }) => {
  it('stay what they were for who keeps them', { timeout: 30_000 }, async () => {
    const served = await startApp({ options: { limits, ...provider } });
    const relay = await startScatteringRelay(served.address);
    const caller = await startApp({ options: { limits, ...consumer } });
    const transport = consumer.use?.transport as 'tcp' | 'grpc' | 'http';
    const session = caller.app.get(MeshSessions).open('s', { node: { address: relay, transport } });
    const local = served.app.get(MeshSessions).open('s');

    for (const [n, size] of SIZES.entries()) {
      await session.push(bytesOf(n, size), { topic: 'there' });
      await local.push(bytesOf(n, size), { topic: 'back' });
    }
    const came: (Uint8Array | undefined)[] = [];
    const fetched: (Uint8Array | undefined)[] = [];
    for (const _ of SIZES) {
      fetched.push(await session.pop({ topic: 'back' }));
      came.push(await local.pop({ topic: 'there' }));
    }
    expect(changedOf(came)).toEqual([]);
    expect(changedOf(fetched)).toEqual([]);
  });
});
