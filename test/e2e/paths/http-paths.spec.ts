import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { eventually, settled } from '../../support/eventually.js';
import { deadAddress } from '../../support/nodes.js';
import { ask, endless, textOf } from '../../support/passages.js';
import { registerPaths, startInstance, sharedPathNode, startPathNode } from '../../support/path-instances.js';

const MIB = 1024 * 1024;

/** What the two legs and the node between may hold at most of a stream that nobody reads, in bytes. */
const HELD_AT_MOST = 24 * MIB;

async function nodeWith(...paths: string[]) {
  const [node, instance] = [shared(), await startInstance()];
  await registerPaths(node, instance.address, paths);
  return { node, instance, url: `http://${node.address}` };
}

const shared = sharedPathNode();

describe('registered paths over HTTP', () => {
  it('are reached by every method, with query, headers and body as they come', async () => {
    const { url, instance } = await nodeWith('/reports/*');
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']) {
      const hasBody = !['GET', 'HEAD'].includes(method);
      const response = await fetch(`${url}/reports/2026?q=a%20b`, {
        method,
        headers: { 'content-type': 'text/csv' },
        ...(hasBody && { body: 'a;b' }),
      });
      expect([response.status, response.headers.get('x-asked')]).toEqual([200, `${method} /reports/2026?q=a%20b`]);
      expect(response.headers.get('content-type')).toBe('text/csv');
      expect(await response.text()).toBe(hasBody ? 'a;b' : '');
    }
    expect(instance.seen).toHaveLength(7);
    expect(instance.seen[1]!.headers['content-length']).toBe('3');
    expect(instance.seen[0]!.headers['transfer-encoding']).toBeUndefined();
    expect((await fetch(`${url}/reports`)).status).toBe(200);
    expect((await fetch(`${url}/reportsx`)).status).toBe(404);
  });

  it('are those of the closest pattern, and of nobody once they are taken back', async () => {
    const { url, node } = await nodeWith('/a/*', '/a/b');
    const other = await startInstance((_, response) => void response.end('other'));
    await registerPaths(node, other.address, ['/a/b/*', '/*']);
    const texts = [];
    for (const path of ['/a/c', '/a/b', '/a/b/c', '/z']) texts.push(await (await fetch(url + path)).text());
    expect(texts).toEqual(['', '', 'other', 'other']);
    const { status } = await fetch(`${url}/stats`);
    expect(status).toBe(200);
  });

  it('see who called, and nothing of the connection to the node', async () => {
    const { node, instance } = await nodeWith('/a/*');
    const { call, answer } = ask(node.address, '/a/b', {
      headers: {
        host: 'reports.example',
        connection: 'close, x-hop',
        'x-hop': '1',
        'keep-alive': 'timeout=5',
        te: 'trailers',
        'x-forwarded-for': '9.9.9.9',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        forwarded: 'for=9.9.9.9',
        'x-end': '2',
        cookie: 'a=b',
      },
    });
    call.end();
    await textOf(await answer);
    const { headers } = instance.seen[0]!;
    expect(headers).toMatchObject({
      host: 'reports.example',
      'x-end': '2',
      cookie: 'a=b',
      'x-forwarded-for': '9.9.9.9, 127.0.0.1',
      'x-forwarded-host': 'reports.example',
      'x-forwarded-proto': 'http',
      'mesh-nodes-passed': 'LX0000000000000',
    });
    for (const name of ['x-hop', 'te', 'forwarded', 'upgrade']) expect(headers[name]).toBeUndefined();
    expect(headers.connection).toBe('keep-alive');
  });

  it('answer with their own status, headers and cookies, compressed as they are', async () => {
    const node = shared();
    const instance = await startInstance((_, response) => {
      const headers = { 'set-cookie': ['a=1', 'b=2'], 'content-encoding': 'x-own', connection: 'x-hop', 'x-hop': '1' };
      response.writeHead(418, 'short', headers).end('packed');
    });
    await registerPaths(node, instance.address, ['/a']);
    const { call, answer } = ask(node.address, '/a');
    call.end();
    const got = await answer;
    expect([got.statusCode, got.headers['set-cookie'], got.headers['content-encoding']]).toEqual([
      418,
      ['a=1', 'b=2'],
      'x-own',
    ]);
    expect(got.headers['x-hop']).toBeUndefined();
    expect(await textOf(got)).toBe('packed');
  });

  it('take 50 MiB and give them back, without holding them', async () => {
    const { node } = await nodeWith('/a');
    const chunk = Buffer.alloc(MIB / 4, 'mesh');
    const count = 200;
    const expected = createHash('sha256');
    for (let i = 0; i < count; i++) expected.update(chunk);
    const { call, answer } = ask(node.address, '/a', { method: 'PUT' });
    const writing = (async () => {
      for (let i = 0; i < count; i++)
        if (!call.write(chunk)) await new Promise((resolve) => call.once('drain', resolve));
      call.end();
    })();
    const got = createHash('sha256');
    for await (const part of await answer) got.update(part as Buffer);
    await writing;
    expect(got.digest('hex')).toBe(expected.digest('hex'));
  });

  it('hold up who sends what they do not read, and who does not read holds up them', async () => {
    const up = endless();
    const down = endless();
    const node = shared();
    const instance = await startInstance((request, response) => {
      if (request.url === '/up') return;
      void (async () => {
        for await (const part of down.body)
          if (!response.write(part)) await new Promise((resolve) => response.once('drain', resolve));
      })();
    });
    await registerPaths(node, instance.address, ['/up', '/down']);
    const sending = ask(node.address, '/up', { method: 'POST' });
    void (async () => {
      for await (const part of up.body)
        if (!sending.call.write(part)) await new Promise((resolve) => sending.call.once('drain', resolve));
    })();
    const reading = ask(node.address, '/down');
    reading.call.end();
    (await reading.answer).pause();
    expect(await settled(() => up.taken + down.taken)).toBeLessThan(HELD_AT_MOST);
  });

  it('send events as they happen', async () => {
    const sends: ((event: string) => void)[] = [];
    const node = shared();
    const instance = await startInstance((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      sends.push((event) => void response.write(`data: ${event}\n\n`));
    });
    await registerPaths(node, instance.address, ['/events']);
    const response = await fetch(`http://${node.address}/events`);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const reader = response.body!.getReader();
    for (const event of ['one', 'two']) {
      sends[0]!(event);
      expect(Buffer.from((await reader.read()).value!).toString()).toBe(`data: ${event}\n\n`);
    }
    await reader.cancel();
    await eventually('they hear that nobody listens', () => instance.seen[0]!.socket.destroyed);
  });

  it('hear when the caller goes away', async () => {
    const node = shared();
    const instance = await startInstance(() => undefined);
    await registerPaths(node, instance.address, ['/wait']);
    const { call } = ask(node.address, '/wait', { method: 'POST' });
    call.write('half');
    await eventually('it is there', () => instance.seen.length === 1);
    call.destroy();
    await eventually('it is told', () => instance.seen[0]!.destroyed);
    expect(instance.seen[0]!.complete).toBe(false);
  });

  it('take turns, and one that is not there is passed over as long as another is', async () => {
    const { url, node, instance } = await nodeWith('/a');
    const other = await startInstance();
    await registerPaths(node, other.address, ['/a']);
    await registerPaths(node, await deadAddress(), ['/a']);
    for (let i = 0; i < 12; i++) {
      const response = await fetch(`${url}/a`, { method: 'POST', body: `${i}` });
      expect(await response.text()).toBe(`${i}`);
    }
    expect(Math.min(instance.seen.length, other.seen.length)).toBeGreaterThan(2);
  });

  it('answer 503 and E0000000602 when none of them is there', async () => {
    const node = shared();
    const address = await deadAddress();
    await registerPaths(node, address, ['/a']);
    const response = await fetch(`http://${node.address}/a`, { method: 'POST', body: 'x' });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      code: 'E0000000602',
      message: expect.stringMatching(
        `no instance that serves '/a' can be reached: no connection to ${address}`,
      ) as string,
    });
  });

  it('break off when their instance dies, before the answer and within it', async () => {
    const node = shared();
    const instance = await startInstance((request, response) => {
      if (request.url === '/within') response.writeHead(200, { 'content-length': '10' }).write('half');
      else request.socket.destroy();
    });
    await registerPaths(node, instance.address, ['/within', '/before']);
    expect((await fetch(`http://${node.address}/before`)).status).toBe(503);
    const { call, answer } = ask(node.address, '/within');
    call.end();
    const got = await answer;
    instance.server.closeAllConnections();
    await expect(textOf(got)).rejects.toThrow('aborted');
  });

  it('keep their connections, and do without one that was closed meanwhile', async () => {
    const { url, instance } = await nodeWith('/a');
    for (let i = 0; i < 3; i++) await (await fetch(`${url}/a`, { method: 'POST', body: 'x' })).text();
    expect(new Set(instance.seen.map(({ socket }) => socket)).size).toBe(1);
    instance.server.closeAllConnections();
    await eventually('it is closed', () => instance.seen[0]!.socket.destroyed);
    expect(await (await fetch(`${url}/a`, { method: 'POST', body: 'y' })).text()).toBe('y');
  });

  it('are cut when they lead back to the node', async () => {
    const node = shared();
    await registerPaths(node, node.address, ['/loop']);
    const response = await fetch(`http://${node.address}/loop`);
    expect([response.status, await response.json()]).toMatchObject([508, { code: 'E0000000503' }]);
  });

  it('are finished when the node closes, within its time', async () => {
    const answers: (() => void)[] = [];
    const node = await startPathNode({ drainTimeoutMs: 300 });
    const instance = await startInstance((_, response) => void answers.push(() => response.end('done')));
    await registerPaths(node, instance.address, ['/slow']);
    const [first, second] = [ask(node.address, '/slow'), ask(node.address, '/slow')];
    first.call.end();
    second.call.end();
    await eventually('both are there', () => answers.length === 2);
    const closed = node.app.close();
    answers[0]!();
    const outcomes = await Promise.allSettled([first, second].map(async ({ answer }) => textOf(await answer)));
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await closed;
  });
});
