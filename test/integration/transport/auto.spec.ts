import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import type { GrpcTransportOptions, TcpTransportOptions } from '../../../lib/options/mesh-options.js';
import { AutoTransport } from '../../../lib/transport/auto/auto-transport.js';
import { encodeFrame } from '../../../lib/transport/grpc/frames.js';
import { HttpTransport } from '../../../lib/transport/http/http-transport.js';
import { encodeHello } from '../../../lib/transport/link/hello.js';
import { PayloadWriter } from '../../../lib/protocol/payload.js';
import { FrameType } from '../../../lib/transport/link/wire.js';
import type { Acceptor, Connection, ListenAt, Listener } from '../../../lib/transport/transport.js';
import { caught } from '../../support/caught.js';
import { TestAuthority } from '../../support/certificates.js';
import { eventually } from '../../support/eventually.js';
import { closingOf, frame, framesOf, GREETING } from '../../support/tcp-frames.js';
import { outbound, transportOptions } from '../../support/transport-fixtures.js';
import { type SpokenThere, Witness } from '../../support/witness.js';

/** What lets waiting calls go on. */
const gates: (() => void)[] = [];

const acceptor: Acceptor = (path) => {
  if (path === '/peer') return async ({ peer }) => Buffer.from(peer);
  if (path === '/wait') return ({ peer }) => new Promise((resolve) => gates.push(() => resolve(Buffer.from(peer))));
  return path === '/stream'
    ? {
        stream: async (stream) => {
          for await (const message of stream.messages)
            await stream.send(Buffer.concat([message, Buffer.from(` ${stream.peer}`)]));
        },
      }
    : undefined;
};

const QUICK: TcpTransportOptions = { retryMinMs: 20, retryMaxMs: 40 };

function autoTransport(tcp: TcpTransportOptions = QUICK, grpc: GrpcTransportOptions = {}): AutoTransport {
  return new AutoTransport(transportOptions(grpc, {}, {}, {}, tcp));
}

async function listen(more: Partial<ListenAt> = {}): Promise<Listener> {
  const listener = await autoTransport().listen({ host: '127.0.0.1', port: 0, ...more }, acceptor);
  onTestFinished(() => listener.destroy());
  return listener;
}

/** A caller of what is behind a witness. */
class Caller {
  constructor(
    readonly witness: Witness,
    readonly connection: Connection,
  ) {}

  static async of(target: string | (() => string), transport = autoTransport()): Promise<Caller> {
    const witness = await Witness.before(target);
    const connection = transport.dial(witness.address);
    onTestFinished(() => connection.destroy());
    return new Caller(witness, connection);
  }

  /** Makes a call. @returns what it went over */
  async call(path = '/peer'): Promise<SpokenThere | undefined> {
    return this.witness.spokenBy(String(await this.connection.call(outbound({ path }))));
  }

  /** Calls until a call goes over a wire; none may fail. */
  async callUntil(spoken: SpokenThere): Promise<void> {
    for (const end = Date.now() + 10_000; (await this.call()) !== spoken;) {
      if (Date.now() > end) throw new Error(`no call goes over ${spoken} within ten seconds`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

/** A gRPC server that knows nothing of this package, and what it has seen of other protocols. */
async function listenAsForeigner(port = 0): Promise<{ readonly address: string; close(): void }> {
  const server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' })).on('error', () => undefined);
    stream.resume().on('end', () => stream.end(encodeFrame(Buffer.from('foreign'))));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = (): void => {
    server.close();
    for (const session of sessions) session.destroy();
  };
  onTestFinished(close);
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** Takes the greeting of a caller of TCP, and goes on as told. */
function greeted(then: (socket: Socket, heard: () => Buffer) => void): (socket: Socket, first: Buffer) => void {
  return (socket, first) => {
    let heard = first;
    socket.on('data', (chunk: Buffer) => (heard = Buffer.concat([heard, chunk])));
    then(socket, () => heard.subarray(8));
  };
}

describe('the transport auto', () => {
  it('goes over to TCP by itself, with calls and streams, and leaves those under way where they are', async () => {
    const caller = await Caller.of((await listen()).address);
    const early = caller.call('/wait');
    const stream = caller.connection.open({ ...outbound({ path: '/stream' }) });
    await caller.callUntil('tcp');
    expect(caller.connection.pending).toBe(2);

    const told = async (opened: typeof stream): Promise<SpokenThere | undefined> => {
      await opened.send(Buffer.from('x'));
      const { value } = await opened.messages[Symbol.asyncIterator]().next();
      return caller.witness.spokenBy(String(value).slice(2));
    };
    expect(await told(stream)).toBe('grpc');
    expect(await told(caller.connection.open({ ...outbound({ path: '/stream' }) }))).toBe('tcp');
    for (const go of gates.splice(0)) go();
    expect(await early).toBe('grpc');
    expect(caller.witness.connections.map(({ spoken }) => spoken)).toEqual(['grpc', 'tcp']);
  });

  it('says no byte of TCP to a peer that does not offer it', async () => {
    const caller = await Caller.of((await listenAsForeigner()).address);
    for (let i = 0; i < 20; i++) await caller.connection.call(outbound());
    expect(caller.witness.connections.map(({ spoken }) => spoken)).toEqual(['grpc']);
  });

  it('offers TCP over gRPC, and nowhere else', async () => {
    const { address } = await listen();
    for (const version of ['1.1', '2'] as const) {
      const connection = new HttpTransport(transportOptions({}, {}, {}, { version })).dial(address);
      const { status, headers } = await connection.exchange(outbound({ path: '/peer' }));
      expect(status).toBe(200);
      expect(headers).not.toHaveProperty('mesh-transports');
      connection.destroy();
    }
  });

  it.each<[string, TcpTransportOptions, (socket: Socket, first: Buffer) => void]>([
    ['is broken off', QUICK, (socket) => socket.destroy()],
    ['is not answered', { ...QUICK, connectTimeoutMs: 20 }, (socket) => socket.on('error', () => undefined)],
    ['is answered by something else', QUICK, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('goes on over gRPC where TCP %s, and tries again after a while', async (_, tcp, host) => {
    const caller = await Caller.of((await listen()).address, autoTransport(tcp));
    caller.witness.tcpHost = host;
    const tries = () => caller.witness.speaking('tcp').length;
    for (let seen = 0; seen < 3; seen = tries()) expect(await caller.call()).toBe('grpc');
    await eventually('what was tried is over', () => caller.witness.speaking('tcp').some(({ isOpen }) => !isOpen));
    caller.witness.tcpHost = undefined;
    await caller.callUntil('tcp');
  });

  it('waits before it tries again', async () => {
    const caller = await Caller.of((await listen()).address, autoTransport({ retryMinMs: 60_000 }));
    caller.witness.tcpHost = (socket) => socket.destroy();
    for (let i = 0; i < 50; i++) expect(await caller.call()).toBe('grpc');
    expect(caller.witness.speaking('tcp')).toHaveLength(1);
  });

  it('goes on over gRPC with one who speaks later versions only', async () => {
    const caller = await Caller.of((await listen()).address, autoTransport({ retryMinMs: 60_000 }));
    const heard: Buffer[] = [];
    caller.witness.tcpHost = greeted((socket, said) => {
      const versions = { min: 2, max: 2 };
      socket.write(frame(FrameType.HELLO, 0, encodeHello({ ...GREETING, versions })));
      socket.once('end', () => heard.push(said()));
    });
    for (let i = 0; i < 3; i++) expect(await caller.call()).toBe('grpc');
    await eventually('it was told', () => heard.length === 1);
    expect(closingOf(framesOf(heard[0]!))?.code).toBe(MeshCode.INCOMPATIBLE);
    expect(await caller.call()).toBe('grpc');
  });

  it('goes on over gRPC where it is told that its version is not spoken', async () => {
    const caller = await Caller.of((await listen()).address, autoTransport({ retryMinMs: 60_000 }));
    caller.witness.tcpHost = (socket) => {
      const why = new PayloadWriter().text(MeshCode.INCOMPATIBLE).text('versions 2 to 2 are spoken here').written;
      socket.end(frame(FrameType.CLOSE, 0, why));
    };
    for (let i = 0; i < 20; i++) expect(await caller.call()).toBe('grpc');
    expect(caller.witness.speaking('tcp')).toHaveLength(1);
  });

  it('loses no call when TCP is lost: what is called next goes over gRPC, and over TCP again later', async () => {
    const caller = await Caller.of((await listen()).address);
    await caller.callUntil('tcp');
    const lost = caught(caller.call('/wait'));
    await eventually('the call is under way', () => gates.length === 1);
    gates.length = 0;
    caller.witness.speaking('tcp')[0]!.cut();
    expect((await lost).code).toBe(MeshCode.UNREACHABLE);
    expect(await caller.call()).toBe('grpc');
    await caller.callUntil('tcp');
  });

  it('sends over gRPC what the peer has not looked at over TCP', async () => {
    const caller = await Caller.of((await listen()).address);
    caller.witness.tcpHost = greeted((socket, said) => {
      socket.write(frame(FrameType.HELLO, 0, encodeHello(GREETING)));
      socket.on('data', () => {
        if (framesOf(said()).some(({ type }) => type === FrameType.CALL)) socket.write(frame(FrameType.GOAWAY, 0));
      });
    });
    for (let i = 0; i < 50; i++) expect(await caller.call()).toBe('grpc');
    expect(caller.witness.speaking('tcp').length).toBeGreaterThan(0);
  });

  it('speaks gRPC alone to a foreigner who takes the place of a peer', async () => {
    const listener = await listen();
    let target = listener.address;
    const caller = await Caller.of(() => target);
    await caller.callUntil('tcp');
    target = (await listenAsForeigner()).address;
    for (const connection of caller.witness.connections) connection.cut();
    const before = caller.witness.speaking('tcp').length;
    const answer = () => caller.connection.call(outbound()).then(String, () => 'lost');
    while ((await answer()) !== 'foreign');
    for (let i = 0; i < 20; i++) expect(String(await caller.connection.call(outbound()))).toBe('foreign');
    expect(caller.witness.speaking('tcp')).toHaveLength(before);
  });

  it('goes over to TCP within TLS, with the certificates of gRPC', async () => {
    const authority = new TestAuthority();
    const tls = { ...authority.issue(), clientCertificate: 'require', plaintext: 'refuse', ca: authority.ca } as const;
    const grpc = { tls: { ca: authority.ca, ...authority.issue({ name: 'client' }) } };
    const caller = await Caller.of((await listen({ tls })).address, autoTransport(QUICK, grpc));
    const peers = new Set<string>();
    while (peers.size < 2) peers.add(String(await caller.connection.call(outbound({ path: '/peer' }))));
    expect(caller.witness.connections.map(({ spoken }) => spoken)).toEqual(['tls', 'tls']);
  });

  it('closes the connection over gRPC that is not used any more', async () => {
    const caller = await Caller.of((await listen()).address, autoTransport(QUICK, { idleTimeoutMs: 20 }));
    await caller.callUntil('tcp');
    while (caller.witness.speaking('grpc').some(({ isOpen }) => isOpen)) expect(await caller.call()).toBe('tcp');
    expect(await caller.call()).toBe('tcp');
    caller.witness.speaking('tcp')[0]!.cut();
    while ((await caller.call().catch(() => 'lost')) !== 'grpc');
  });

  it('waits for the calls of both when it closes, and ends them when it is destroyed', async () => {
    const { address } = await listen();
    for (const end of ['close', 'destroy'] as const) {
      const caller = await Caller.of(address);
      const first = caller.call('/wait').catch((error: unknown) => error);
      await caller.callUntil('tcp');
      const second = caller.call('/wait').catch((error: unknown) => error);
      await eventually('both are under way', () => gates.length === 2);
      expect(caller.connection.pending).toBe(2);
      const closed = end === 'close' ? caller.connection.close() : caller.connection.destroy();
      expect(await caught(caller.call())).toMatchObject({ code: MeshCode.ADDRESS_UNREACHABLE, neverSent: true });
      for (const go of gates.splice(0)) if (end === 'close') go();
      const lost = expect.objectContaining({ code: MeshCode.UNREACHABLE });
      expect(await Promise.all([first, second])).toEqual(end === 'close' ? ['grpc', 'tcp'] : [lost, lost]);
      await closed;
      expect(caller.connection.pending).toBe(0);
      await eventually('no connection is left', () => caller.witness.connections.every(({ isOpen }) => !isOpen));
    }
  });
});
