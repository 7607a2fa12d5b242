import { describe, expect, it, onTestFinished } from 'vitest';
import type { DialTlsOptions } from '../../../lib/options/dial-options.js';
import { GrpcTransport } from '../../../lib/transport/grpc/grpc-transport.js';
import { HttpTransport } from '../../../lib/transport/http/http-transport.js';
import type { Connection, ListenAt, Transport } from '../../../lib/transport/transport.js';
import { TestAuthority } from '../../support/certificates.js';
import { listenOnPort } from '../../support/port.js';
import { failureOf, outbound, transportOptions } from '../../support/transport-fixtures.js';

const authority = new TestAuthority();
const { ca } = authority;

const transports: readonly [string, (tls: DialTlsOptions) => Transport][] = [
  ['grpc, unary', (tls) => new GrpcTransport(transportOptions({ mode: 'unary', tls }))],
  ['grpc, stream', (tls) => new GrpcTransport(transportOptions({ mode: 'stream', tls }))],
  ['http 1.1', (tls) => new HttpTransport(transportOptions({}, {}, {}, { tls }))],
  ['http 2', (tls) => new HttpTransport(transportOptions({}, {}, {}, { version: '2', tls }))],
];

/** The address of a port that takes no plaintext. */
async function secureAddress(more: Partial<ListenAt['tls']> = {}): Promise<string> {
  const identity = authority.issue();
  const { address } = await listenOnPort({
    listen: { tls: { ...identity, clientCertificate: 'none', plaintext: 'refuse', ...more } },
  });
  return address;
}

describe.each(transports)('%s, with TLS', (_, make) => {
  function dial(address: string, tls: DialTlsOptions): Connection {
    const connection = make(tls).dial(address);
    onTestFinished(() => connection.destroy());
    return connection;
  }

  it('calls a peer whose certificate it knows, again and again', async () => {
    const connection = dial(await secureAddress(), { ca });
    for (let i = 0; i < 3; i++) expect(String(await connection.call(outbound()))).toBe('hello');
    const named = dial((await secureAddress()).replace('127.0.0.1', 'localhost'), { ca });
    expect(String(await named.call(outbound()))).toBe('hello');
  });

  it('sends nothing to one whose certificate it does not know, or that is for another name', async () => {
    const strangers = dial(await secureAddress(), { ca: new TestAuthority().ca });
    expect(await failureOf(strangers.call(outbound()))).toMatchObject({ code: 'E0000000619', neverSent: true });
    const other = dial(await secureAddress(), { ca, serverName: 'other.example' });
    expect(await failureOf(other.call(outbound()))).toMatchObject({ code: 'E0000000619', neverSent: true });
  });

  it('shows its own certificate', async () => {
    const address = await secureAddress({ clientCertificate: 'require', ca });
    const own = dial(address, { ca, ...authority.issue({ name: 'client' }) });
    expect(String(await own.call(outbound()))).toBe('hello');
    const failure = await failureOf(dial(address, { ca }).call(outbound()));
    expect(failure.code).toMatch(/E0000000(619|607)/);
  });

  it('says at once what certificates cannot be used', () => {
    expect(() => make({ ca: '/nowhere/ca.pem' })).toThrow(/^(grpc|http)\.tls\.ca cannot be read from '\/nowhere/);
    const { cert } = authority.issue();
    expect(() => make({ cert, key: authority.issue().key })).toThrow(/^(grpc|http)\.tls cannot be used: /);
  });
});
