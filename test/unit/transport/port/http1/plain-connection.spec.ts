import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AnswerHeads } from '../../../../../lib/transport/port/http1/answer-heads.js';
import { PlainConnection } from '../../../../../lib/transport/port/http1/plain-connection.js';
import type { Endpoint } from '../../../../../lib/transport/transport.js';
import { eventually } from '../../../../support/eventually.js';

const KEPT_MS = 60;
const TIMES = { headTimeoutMs: 10_000, requestTimeoutMs: 10_000 };

/** A request in its plainest form. */
function plain(path: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nhost: h\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** A connection under test, and its other end. */
interface Ends {
  readonly connection: PlainConnection;
  readonly served: Socket;
  readonly caller: Socket;
  /** What has come to the other end. */
  readonly heard: () => string;
  /** What has become of the connection. */
  readonly told: string[];
  readonly paths: string[];
  readonly release: () => void;
}

async function open(): Promise<Ends> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const caller = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  const [served] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => {
    for (const socket of [caller, served]) socket.destroy();
    server.close();
  });
  let [heard, pending] = ['', 0];
  caller.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
  const told: string[] = [];
  const paths: string[] = [];
  const gates: (() => void)[] = [];
  const endpointOf = (path: string): Endpoint | undefined => {
    paths.push(path);
    if (path === '/passage') return { pass: () => Promise.reject(new Error('nobody passes anything')) };
    if (path === '/wait') return ({ body }) => new Promise((resolve) => gates.push(() => resolve(body)));
    return async ({ body }) => body;
  };
  const connection = new PlainConnection(
    served.on('error', () => undefined),
    {
      host: {
        acceptor: endpointOf,
        maxMessageBytes: 1_024,
        idleTimeoutMs: 1_000,
        onCall: () => pending++,
        onCallOver: () => --pending === 0 && told.push('nothing is under way'),
      },
      heads: new AnswerHeads(KEPT_MS),
      keptMs: KEPT_MS,
      times: TIMES,
      onGone: () => told.push('gone'),
      handOver: (socket) => {
        told.push('handed over');
        socket.on('data', (chunk: Buffer) => told.push(chunk.toString()));
      },
    },
  );
  return {
    connection,
    served,
    caller,
    heard: () => heard,
    told,
    paths,
    release: () => gates.splice(0).forEach((go) => go()),
  };
}

describe('a connection with plain requests', () => {
  it('is closed when nothing comes for a while, but not while a request is under way', async () => {
    const { connection, served, caller, heard, release } = await open();
    caller.write(plain('/wait', 'hello'));
    await eventually('it is under way', () => connection.busy);
    await new Promise((resolve) => setTimeout(resolve, 3 * KEPT_MS));
    expect(served.destroyed).toBe(false);
    release();
    await eventually('it is answered', () => heard().endsWith('hello'));
    expect(connection.busy).toBe(false);
    await eventually('it is closed', () => served.destroyed);
  });

  it('is handed over with all that is to be read, and nothing of it stays behind', async () => {
    const { served, caller, told } = await open();
    const before = served.listenerCount('close');
    caller.write(`${plain('/echo', 'a')}GET `);
    await eventually('it is handed over', () => told.includes('GET '));
    expect(told).toEqual(['nothing is under way', 'gone', 'handed over', 'GET ']);
    caller.write('/ HTTP/1.1');
    await eventually('all that comes is read', () => told.includes('/ HTTP/1.1'));
    for (const event of ['drain', 'end', 'timeout']) {
      expect(served.listeners(event).filter(({ name }) => name.startsWith('got') || name === 'regulate')).toEqual([]);
    }
    expect([served.listenerCount('data'), served.listenerCount('close')]).toEqual([1, before - 1]);
    await new Promise((resolve) => setTimeout(resolve, 2 * KEPT_MS));
    expect(served.destroyed).toBe(false);
  });

  it('is read on by whom it is handed over to, however much there was at once', async () => {
    const { served, caller, told } = await open();
    served.unshift(Buffer.from(`GET /${'x'.repeat(100_000)}`));
    await eventually('it is handed over', () => told.length === 3);
    caller.write('more');
    await eventually('all that comes is read', () => told.includes('more'));
  });

  it('is handed over with a request that is to be passed on', async () => {
    const { caller, told, paths } = await open();
    caller.write(plain('/passage', 'hello'));
    await eventually('it is handed over', () => told.includes(plain('/passage', 'hello')));
    expect([told[0], paths]).toEqual(['gone', ['/passage']]);
  });

  it('is not read on while much waits for the answers before, and is handed over with all of it', async () => {
    const { connection, served, caller, heard, told, release } = await open();
    const much = 'x'.repeat(1024 * 1024);
    caller.write(`${plain('/wait', 'a')}GET /${much}`);
    await eventually('it is paused', () => connection.busy && served.isPaused());
    expect(served.bytesRead).toBeLessThan(much.length / 2);
    release();
    await eventually('it is answered', () => heard().endsWith('a'));
    await eventually('all is there', () => told.slice(3).join('') === `GET /${much}`);
  });

  it('is not handed over when it ends with the last answer', async () => {
    const { connection, caller, served, heard, told, release } = await open();
    caller.write(`${plain('/wait', 'a')}GET / HTTP/1.1\r\nhost: h\r\n\r\n`);
    await eventually('it is under way', () => connection.busy);
    connection.closing = true;
    release();
    await eventually('it is closed', () => served.destroyed && caller.destroyed);
    expect(heard()).toMatch(/connection: close\r\n.*\r\n\r\na$/s);
    expect(told.sort()).toEqual(['gone', 'nothing is under way']);
  });

  it('stays what it is with a body that comes behind its head, and with the request behind that', async () => {
    const { caller, served, heard, told } = await open();
    const [before, request] = [plain('/echo', 'a'), plain('/echo', 'hello')];
    for (const text of [before + request.slice(0, -5), 'he', 'llo' + before.slice(0, -20), before.slice(-20)]) {
      caller.write(text);
      const written = caller.bytesWritten;
      await eventually('it has come', () => served.bytesRead === written);
    }
    await eventually('all are answered', () => /hello.*\r\na$/s.test(heard()));
    expect(told).not.toContain('handed over');
  });

  it('counts one as under way as soon as its head is there', async () => {
    const { connection, served, caller, heard } = await open();
    caller.write(plain('/echo', 'hello').slice(0, -5));
    await eventually('it is under way', () => connection.busy);
    await new Promise((resolve) => setTimeout(resolve, 1.5 * KEPT_MS));
    expect(served.destroyed).toBe(false);
    caller.write('hello');
    await eventually('it is answered', () => heard().endsWith('hello'));
  });

  it('is closed when the rest of a refused body does not come for a while', async () => {
    const { served, caller, heard, told } = await open();
    caller.write(plain('/echo', 'x'.repeat(2_000)).slice(0, -1_000));
    await eventually('it is refused', () => heard().startsWith('HTTP/1.1 413'));
    await eventually('it is closed', () => served.destroyed && caller.destroyed);
    expect(heard()).not.toContain('408');
    expect(told).toEqual(['nothing is under way', 'gone']);
  });

  it('is handed over with all of a head that was not there at once', async () => {
    const { served, caller, told } = await open();
    const odd = plain('/echo', 'hello').replace('host', 'te: trailers\r\nhost');
    caller.write(odd.slice(0, 20));
    await eventually('it has come', () => served.bytesRead === 20);
    expect(told).toEqual([]);
    caller.write(odd.slice(20));
    await eventually('it is handed over', () => told.includes(odd));
  });

  it('writes several answers at once that have waited for the one before', async () => {
    const { connection, caller, served, heard, paths, release } = await open();
    caller.write(plain('/wait', 'a') + plain('/echo', 'b') + plain('/echo', 'c'));
    await eventually('all are under way', () => connection.busy && paths.length === 3);
    const chunks: Buffer[] = [];
    caller.on('data', (chunk: Buffer) => chunks.push(chunk));
    expect(served.bytesWritten).toBe(0);
    release();
    await eventually('all are answered', () => heard().endsWith('c'));
    expect(heard().match(/HTTP\/1.1 200 OK/g)).toHaveLength(3);
    expect(chunks).toHaveLength(1);
  });
});
