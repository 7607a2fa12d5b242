import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startApp } from '../support/mesh-app.js';

const SESSION = { 'x-ptp-session-id': 'session_id_008', 'x-ptp-token': 'x' };
const STANDARD = { ...SESSION, 'x-ptp-tech-provider-code': 'LX' };
const MESH = { ...STANDARD, 'mesh-span-id': '0' };
const FATE = { ...STANDARD, 'x-ptp-from-node-id': '9999' };
const YACL = { ...SESSION, 'x-ptp-tecn-provider-code': 'SecretFlow', 'x-ptp-topic': 'topic' };

/** Fields of a protobuf message: tag, length, bytes. */
const field = (tag: string, text: string): string =>
  tag + Buffer.of(text.length).toString('hex') + Buffer.from(text).toString('hex');
const TOPIC = field('0a', 'topic');
const POP = `${TOPIC}1001`;

const answerHex = (code: string, message: string, payload = ''): string =>
  (payload && field('12', payload)) + field('1a', code) + field('22', message);
const yaclHex = (code: string, message: string, payload = ''): string =>
  (payload && field('0a', payload)) + field('12', code) + field('1a', message);

const SUCCESS = ['E0000000000', 'success'] as const;
const NO_MESSAGE = 'there is no message in the topic';

/** Calls with grpc-js and fixed bytes, and nothing of the project. */
async function start(headers: Readonly<Record<string, string>>): Promise<(op: string, hex: string) => Promise<string>> {
  const { address } = await startApp({ options: { sessions: { maxQueueMessages: 1, whenFull: 'fail' } } });
  const client = new Client(address, credentials.createInsecure());
  onTestFinished(() => client.close());
  const asItIs = (bytes: Buffer): Buffer => bytes;
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return (operation, hex) =>
    new Promise((resolve, reject) => {
      const path = `/org.ppc.ptp.PrivateTransferTransport/${operation}`;
      client.makeUnaryRequest(path, asItIs, asItIs, Buffer.from(hex, 'hex'), metadata, (error, answer) =>
        error ? reject(error) : resolve(answer!.toString('hex')),
      );
    });
}

describe.each([
  ['standard', STANDARD, answerHex, answerHex(...SUCCESS), '1a'],
  ['mesh', MESH, answerHex, answerHex(...SUCCESS), '1a'],
  ['fate', FATE, answerHex, answerHex('E0000000601', NO_MESSAGE), '1a'],
  ['yacl', YACL, yaclHex, yaclHex('E0000000404', NO_MESSAGE), '12'],
] as const)('a plain client of the session API over gRPC, in the dialect %s', (_, headers, success, none, codeTag) => {
  it('pushes, peeks and pops in its own layout', async () => {
    const call = await start(headers);
    expect(await call('push', TOPIC + field('12', 'hello'))).toBe(success(...SUCCESS));
    expect(await call('peek', TOPIC)).toBe(success(...SUCCESS, 'hello'));
    expect(await call('pop', POP)).toBe(success(...SUCCESS, 'hello'));
  });

  it('hears in its own words that there is no message', async () => {
    const call = await start(headers);
    expect(await call('pop', POP)).toBe(none);
    expect(await call('peek', TOPIC)).toBe(none);
  });

  it('hears that the queue is full, and releases it', async () => {
    const call = await start(headers);
    await call('push', TOPIC + field('12', 'hello'));
    expect(await call('push', TOPIC + field('12', 'hello'))).toContain(field(codeTag, 'E0000000700'));
    expect(await call('release', TOPIC)).toBe(success(...SUCCESS));
    expect(await call('pop', POP)).toBe(none);
  });
});
