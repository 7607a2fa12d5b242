import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:https';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { Logger } from '@nestjs/common';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FrameType } from '../../../lib/transport/link/wire.js';
import { TestAuthority } from '../../support/certificates.js';
import { eventually } from '../../support/eventually.js';
import { listenOnPort, type TestPort, type TestPortInit } from '../../support/port.js';
import { RawSocket } from '../../support/raw-socket.js';
import { callFrame, framesOf, greeting } from '../../support/tcp-frames.js';
import { failureOf } from '../../support/transport-fixtures.js';

const authority = new TestAuthority();
const { ca } = authority;
const server = authority.issue();
const tls = { ...server, clientCertificate: 'none', plaintext: 'serve' } as const;

function portOf({ address }: TestPort): number {
  return Number(address.split(':')[1]);
}

function listenWithTls(options: Partial<NonNullable<TestPortInit['listen']>['tls']> = {}): Promise<TestPort> {
  return listenOnPort({ listen: { tls: { ...tls, ...options } } });
}

/** A connection of TLS, and what came of it. */
class SecureCaller {
  readonly socket: TLSSocket;
  readonly chunks: Buffer[] = [];
  readonly errors: (string | undefined)[] = [];
  readonly closed: Promise<void>;

  constructor(port: TestPort, options: ConnectionOptions = {}) {
    this.socket = connect({ host: '127.0.0.1', port: portOf(port), ca, ...options });
    this.socket.on('error', (error: NodeJS.ErrnoException) => this.errors.push(error.code));
    this.socket.on('data', (chunk: Buffer) => this.chunks.push(chunk));
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    onTestFinished(() => void this.socket.destroy());
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
}

function session(port: TestPort, scheme: 'http' | 'https'): ClientHttp2Session {
  const opened = connectHttp2(`${scheme}://127.0.0.1:${portOf(port)}`, { ca }).on('error', () => undefined);
  onTestFinished(() => opened.destroy());
  return opened;
}

async function answerTo(opened: ClientHttp2Session, headers: Record<string, string>, body: Buffer): Promise<Buffer> {
  const stream = opened.request({ ':method': 'POST', ':path': '/echo', ...headers });
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk)).end(body);
  await new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject));
  return Buffer.concat(chunks);
}

function overHttps(port: TestPort): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const agent = new Agent({ ca });
  onTestFinished(() => agent.destroy());
  return new Promise((resolve, reject) => {
    get({ port: portOf(port), host: '127.0.0.1', path: '/large?5', agent }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve({ status: answer.statusCode, body: Buffer.concat(chunks).toString() }));
    }).on('error', reject);
  });
}

/** Lets the time pass for which what was seen of the files is believed. */
function pastBelief(): void {
  const now = performance.now() + 1_001;
  const clock = vi.spyOn(performance, 'now').mockReturnValue(now);
  onTestFinished(() => clock.mockRestore());
}

/** Name of the certificate that a port shows to a new connection. */
async function shown(port: TestPort): Promise<unknown> {
  const caller = new SecureCaller(port);
  await new Promise((resolve) => caller.socket.once('secureConnect', resolve));
  return caller.socket.getPeerCertificate().subject.CN;
}

const frame = Buffer.from([0, 0, 0, 0, 2, 0x68, 0x69]);
const grpc = { 'content-type': 'application/grpc', te: 'trailers' };

describe('a port with certificates', () => {
  it('serves gRPC, HTTP/2 and HTTP/1.1, with TLS and without', async () => {
    const port = await listenWithTls();
    const [plain, secure] = [session(port, 'http'), session(port, 'https')];
    for (const opened of [plain, secure]) {
      expect(await answerTo(opened, grpc, frame)).toEqual(frame);
      expect(String(await answerTo(opened, {}, Buffer.from('hello')))).toBe('hello');
    }
    expect(secure.alpnProtocol).toBe('h2');
    expect(await overHttps(port)).toEqual({ status: 200, body: 'xxxxx' });
    expect((await fetch(`http://${port.address}/large?5`)).status).toBe(200);
    expect(port.seen.map(({ wire }) => wire)).toEqual(['grpc', 'http', 'grpc', 'http', 'http', 'http']);
    expect(port.seen.every(({ peer }) => /^127\.0\.0\.1:\d+$/.test(peer))).toBe(true);
  });

  it.each([
    ['by its name', ['mesh-ptp']],
    ['on nothing', undefined],
  ])('serves the TCP protocol to who has agreed %s', async (_, protocols) => {
    const port = await listenWithTls();
    const caller = new SecureCaller(port, protocols && { ALPNProtocols: protocols });
    caller.socket.write(Buffer.concat([greeting(), callFrame(1, '/echo', Buffer.from('hi'))]));
    await eventually('it is answered', () => framesOf(Buffer.concat(caller.chunks)).length === 2);
    const [hello, answer] = framesOf(Buffer.concat(caller.chunks));
    expect([hello?.type, answer?.type, String(answer?.payload)]).toEqual([FrameType.HELLO, FrameType.ANSWER, 'hi']);
    expect(caller.socket.alpnProtocol).toBe(protocols?.[0] ?? false);
  });

  it('tells by the first bytes what a client speaks that agreed on nothing', async () => {
    const port = await listenWithTls();
    const caller = new SecureCaller(port);
    for (const byte of 'GET /large?3 HTTP/1.1\r\nhost: h\r\n\r\n') {
      caller.socket.write(byte);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await eventually('it is answered', () => caller.text.endsWith('xxx'));
  });

  it('closes a connection that speaks something else than was agreed on', async () => {
    const port = await listenWithTls();
    const caller = new SecureCaller(port, { ALPNProtocols: ['h2'] });
    caller.socket.write('GET /echo HTTP/1.1\r\nhost: h\r\n\r\n');
    await caller.closed;
    expect([port.seen, caller.text]).toEqual([[], '']);
  });

  it('closes a connection that speaks TLS within TLS, and one that agrees on nothing that is served', async () => {
    const port = await listenWithTls();
    const [within, other] = [new SecureCaller(port), new SecureCaller(port, { ALPNProtocols: ['smtp'] })];
    within.socket.write(Buffer.from([0x16, 3, 1, 0, 5]));
    await Promise.all([within.closed, other.closed]);
    expect(within.text).toBe('');
    expect(other.errors[0]).toMatch(/NO_APPLICATION_PROTOCOL|ECONNRESET/);
  });

  it('takes no version of TLS before 1.2', async () => {
    const port = await listenWithTls();
    const old = new SecureCaller(port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' });
    await old.closed;
    expect(old.errors).toHaveLength(1);
    const next = new SecureCaller(port, { maxVersion: 'TLSv1.2' });
    await new Promise((resolve) => next.socket.once('secureConnect', resolve));
    expect(next.socket.getProtocol()).toBe('TLSv1.2');
  });

  it('serves no plaintext where it is to refuse it', async () => {
    const port = await listenWithTls({ plaintext: 'refuse' });
    const answer = await fetch(`http://${port.address}/large?5`);
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { code: 'E0000000400', message: 'this port serves TLS only' },
    ]);
    const opened = session(port, 'http');
    await new Promise((resolve) => opened.once('close', resolve));
    expect((await overHttps(port)).status).toBe(200);
    expect(port.seen).toHaveLength(1);
  });

  it('closes in order: requests under way are answered, connections without one are closed', async () => {
    const port = await listenWithTls();
    const [silent, idle, waiting] = [new SecureCaller(port), new SecureCaller(port), new SecureCaller(port)];
    idle.socket.write('GET /echo HTTP/1.1\r\nhost: h\r\n\r\n');
    waiting.socket.write('GET /wait HTTP/1.1\r\nhost: h\r\n\r\n');
    const opened = session(port, 'https');
    await answerTo(opened, grpc, frame);
    await eventually('all have arrived', () => port.seen.length === 3);
    const closing = port.listener.close();
    await Promise.all([silent.closed, idle.closed, new Promise((resolve) => opened.once('close', resolve))]);
    port.release();
    await Promise.all([closing, waiting.closed]);
    expect(waiting.text).toMatch(/^HTTP\/1.1 200/);
  });

  it('ends everything when it is destroyed', async () => {
    const port = await listenWithTls();
    const [silent, waiting] = [new SecureCaller(port), new SecureCaller(port)];
    waiting.socket.write('GET /wait HTTP/1.1\r\nhost: h\r\n\r\n');
    await eventually('it has arrived', () => port.seen.length === 1);
    port.listener.destroy();
    await Promise.all([port.listener.close(), silent.closed, waiting.closed]);
    await eventually('the handler is told', () => port.seen[0]?.cancellation.reason !== undefined);
  });
});

describe('a port without certificates', () => {
  it('answers a client of TLS with an alert, and closes', async () => {
    const port = await listenOnPort();
    const caller = new SecureCaller(port);
    await caller.closed;
    expect(caller.errors).toEqual([expect.stringContaining('HANDSHAKE_FAILURE')]);
    const raw = new RawSocket(port.address);
    raw.send(Buffer.from('16030100c8010000c40303', 'hex'));
    await eventually('it is told', () => raw.text === '\x15\x03\x01\x00\x02\x02\x28');
    raw.socket.end();
    await raw.closed;
  });
});

describe('certificates of clients', () => {
  const own = { ...authority.issue({ name: 'client' }), ca };
  const strange = { ...new TestAuthority('stranger').issue(), ca };

  /** What a caller gets: the status line, or nothing. */
  async function ask(port: TestPort, options: ConnectionOptions): Promise<string> {
    const caller = new SecureCaller(port, options);
    caller.socket.write('GET /large?1 HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n');
    await caller.closed;
    return caller.text.slice(0, 12);
  }

  it.each([
    ['none', 'HTTP/1.1 200', 'HTTP/1.1 200'],
    ['request', 'HTTP/1.1 200', ''],
    ['require', '', ''],
  ] as const)('are asked for: %s', async (clientCertificate, without, invalid) => {
    const port = await listenWithTls({ clientCertificate, ca });
    expect(await ask(port, own)).toBe('HTTP/1.1 200');
    expect(await ask(port, {})).toBe(without);
    expect(await ask(port, strange)).toBe(invalid);
  });
});

describe('certificates in files', () => {
  async function files(name: string) {
    const folder = await mkdtemp(join(tmpdir(), 'mesh-tls-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const paths = { key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem') };
    const put = async (part: 'key' | 'cert', text: string): Promise<void> => writeFile(paths[part], text);
    const issued = authority.issue({ name });
    await put('key', issued.key);
    await put('cert', issued.cert);
    return { paths, put };
  }

  it('are read again when they have changed, and connections stay', async () => {
    Logger.overrideLogger(false);
    onTestFinished(() => Logger.overrideLogger(['error']));
    const { paths, put } = await files('one');
    const port = await listenWithTls(paths);
    const before = session(port, 'https');
    expect(String(await answerTo(before, {}, Buffer.from('a')))).toBe('a');
    expect(await shown(port)).toBe('one');
    const next = authority.issue({ name: 'the second' });
    await put('key', next.key);
    pastBelief();
    // The key alone fits no certificate: what was there stays in use.
    expect(await shown(port)).toBe('one');
    await put('cert', next.cert);
    pastBelief();
    expect(await shown(port)).toBe('the second');
    await rm(paths.cert);
    pastBelief();
    expect(await shown(port)).toBe('the second');
    expect(String(await answerTo(before, {}, Buffer.from('b')))).toBe('b');
  });
});

describe('certificates that cannot be used', () => {
  const other = authority.issue();
  const cases: readonly [string, Partial<Parameters<typeof listenWithTls>[0]>][] = [
    ["listen.tls.cert cannot be read from '/nowhere/cert.pem': ENOENT", { cert: '/nowhere/cert.pem' }],
    ["listen.tls.key cannot be read from '/': E", { key: '/' }],
    ['listen.tls.key does not fit the certificate of listen.tls.cert', { key: other.key }],
    ['listen.tls.key holds no private key in PEM without a passphrase', { key: server.cert }],
    ['listen.tls.cert holds no certificate in PEM', { cert: server.key }],
    ['listen.tls.ca holds no certificate in PEM', { ca: server.key }],
    [
      'certificate 2 of listen.tls.ca cannot be read',
      { ca: `${ca}${ca.replace(/\n[^-]{20}/, '\nMIIAAAAAAAAAAAAAAAAA')}` },
    ],
  ];

  it.each(cases)('stop it with: %s', async (sentence, options) => {
    const error = await failureOf(listenWithTls(options));
    expect([error.code, error.message.slice(0, sentence.length)]).toEqual(['E0000000400', sentence]);
    expect(error.message).not.toContain('PRIVATE');
  });

  it('only warn when they have expired, or are not yet valid', async () => {
    const warnings: unknown[] = [];
    const log = { log: () => undefined, error: () => undefined, warn: (text: unknown) => void warnings.push(text) };
    Logger.overrideLogger(log);
    onTestFinished(() => Logger.overrideLogger(['error']));
    const day = 86_400_000;
    await listenWithTls(authority.issue({ validFrom: new Date(0), validTo: new Date(Date.now() - day) }));
    await listenWithTls(
      authority.issue({ validFrom: new Date(Date.now() + day), validTo: new Date(Date.now() + 2 * day) }),
    );
    expect(warnings).toEqual([
      expect.stringMatching(/^127\.0\.0\.1:0: the certificate of listen\.tls\.cert \(CN=test\) has expired/),
      expect.stringContaining('is not yet valid'),
    ]);
  });
});
