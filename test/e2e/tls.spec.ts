import { describe, expect, it } from 'vitest';
import {
  type ListenTlsOptions,
  MeshFacade,
  type MeshOptions,
  MeshProvider,
  MeshServer,
  MeshSessions,
  Mpi,
} from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { TestAuthority } from '../support/certificates.js';
import { createApp, startApp, startConsumer, type TestApp } from '../support/mesh-app.js';

@MeshFacade()
class Safe {
  @Mpi('mesh.safe.open', ['code']) open!: (code: string) => Promise<string>;
}

@MeshProvider(Safe)
class SafeController {
  open(code: string): string {
    return `opened by ${code}`;
  }
}

const authority = new TestAuthority();
const { ca } = authority;
const local = { host: '127.0.0.1', port: 0 } as const;

function provider(tls: Partial<ListenTlsOptions>): Promise<TestApp> {
  const listen = { ...local, tls: { ...authority.issue(), ca, ...tls } };
  return startApp({ controllers: [SafeController], options: { listen } });
}

const ways: readonly [string, (tls: NonNullable<MeshOptions['grpc']>['tls']) => MeshOptions][] = [
  ['gRPC', (tls) => ({ grpc: { tls: tls! } })],
  ['TCP', (tls) => ({ use: { transport: 'tcp' }, tcp: { tls: tls! }, grpc: { tls: tls! } })],
  ['HTTP/1.1', (tls) => ({ use: { transport: 'http' }, http: { tls: tls! } })],
  ['HTTP/2', (tls) => ({ use: { transport: 'http' }, http: { version: '2', tls: tls! } })],
];

describe.each(ways)('an application over TLS, by %s', (_, optionsOf) => {
  it('is called, and its sessions are used, by those who have a certificate', async () => {
    const { address, app } = await provider({ clientCertificate: 'require' });
    const options = optionsOf({ ca, ...authority.issue({ name: 'consumer' }) });
    const consumer = await startConsumer(address, { facades: [Safe], options });
    expect(await consumer.client(Safe).open('7')).toBe('opened by 7');
    const transport = options.use?.transport === 'http' ? 'http' : 'grpc';
    const session = consumer.app.get(MeshSessions).open('s', { node: { address, transport } });
    await session.push(Buffer.from('message'), { topic: 't' });
    const message = await app.get(MeshSessions).open('s').pop({ topic: 't', timeoutMs: 5_000 });
    expect(Buffer.from(message!).toString()).toBe('message');
  });

  it('is called by nobody who knows another authority', async () => {
    const { address } = await provider({});
    const options = { ...optionsOf({ ca: new TestAuthority().ca }), retry: { retries: 0 } };
    const consumer = await startConsumer(address, { facades: [Safe], options });
    expect((await caught(consumer.client(Safe).open('7'))).code).toBe('E0000000619');
  });
});

describe('certificates that cannot be used', () => {
  it('stop the application, which names the listener', async () => {
    const identity = authority.issue();
    const listen = [local, { ...local, tls: { ...identity, key: authority.issue().key } }];
    const app = await createApp({ controllers: [SafeController], options: { listen } });
    const error = await caught(app.listen());
    expect([error.code, error.message]).toEqual([
      'E0000000400',
      'listen[1].tls.key does not fit the certificate of listen[1].tls.cert',
    ]);
    expect(app.get(MeshServer).addresses).toEqual([]);
  });
});
