import { connect } from 'node:http2';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { fetchOnce } from '../../support/fetch-once.js';
import { registerPaths, startInstance, sharedPathNode, startPathNode } from '../../support/path-instances.js';
import { RawSocket } from '../../support/raw-socket.js';

async function nodeWith(...paths: string[]) {
  const [node, instance] = [shared(), await startInstance()];
  await registerPaths(node, instance.address, paths);
  return { node, instance };
}

/** Sends bytes, and waits for an answer. */
async function told(address: string, bytes: string): Promise<string> {
  const raw = new RawSocket(address);
  raw.send(bytes);
  await eventually('it is answered', () => raw.text.includes('\r\n\r\n'));
  return raw.text;
}

const shared = sharedPathNode();

describe('registered paths, and hostile requests', () => {
  it.each([
    '/a/../stats',
    '/a/..',
    '/a/./b',
    '/a/%2e%2e/b',
    '/a/%2E./b',
    '/a/..;x/b',
    '/a/b%2f..%2fc',
    '/a/b%2Fc',
    '/a/b\\c',
    '/a/b%5cc',
    '//a/b',
    '/a/b%00',
    '/a/b#/../c',
    'a/b',
    '*',
  ])('serve nobody at %s', async (target) => {
    const { node, instance } = await nodeWith('/*', '/a/*');
    expect(await told(node.address, `GET ${target} HTTP/1.1\r\nhost: h\r\n\r\n`)).toMatch(/^HTTP\/1.1 40[04] /);
    const session = connect(`http://${node.address}`);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ':path': target }).on('error', () => undefined);
    const status = await new Promise((resolve) =>
      stream.on('response', (headers) => resolve(headers[':status'])).on('close', () => resolve('reset')),
    );
    expect([404, 400, 'reset']).toContain(status);
    expect(instance.seen).toHaveLength(0);
  });

  it('take the path of an absolute target, and hand on that alone', async () => {
    const { node, instance } = await nodeWith('/a/*');
    const request = 'GET http://evil.example/a/b?c HTTP/1.1\r\nhost: h\r\n\r\n';
    expect(await told(node.address, request)).toMatch(/^HTTP\/1.1 200 /);
    expect(instance.seen[0]).toMatchObject({ url: '/a/b?c' });
    const elsewhere = 'GET http://a/../v1/interconn/x HTTP/1.1\r\nhost: h\r\n\r\n';
    expect(await told(node.address, elsewhere)).toMatch(/^HTTP\/1.1 404 /);
  });

  it.each([
    [
      'a length and chunks',
      'content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /a/x HTTP/1.1\r\nhost: h\r\n\r\n',
    ],
    ['two lengths', 'content-length: 0\r\ncontent-length: 26\r\n\r\nGET /a/x HTTP/1.1\r\n\r\n'],
    ['a list of lengths', 'content-length: 3, 3\r\n\r\nabc'],
    ['an unknown coding', 'transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
    ['a space before the colon', 'transfer-encoding : chunked\r\n\r\n0\r\n\r\n'],
    ['a line that goes on', 'x-a: b\r\n c: d\r\n\r\n'],
    ['a bare line feed', 'x-a: b\nx-c: d\r\n\r\n'],
    ['a bare carriage return', 'x-a: b\rx-c: d\r\n\r\n'],
    ['a NUL', 'x-a: b\0c\r\n\r\n'],
  ])('refuse %s', async (_, rest) => {
    const { node, instance } = await nodeWith('/a/*');
    const raw = new RawSocket(node.address);
    raw.send(`POST /a/b HTTP/1.1\r\nhost: h\r\n${rest}`);
    await eventually('it is answered', () => raw.text.includes('\r\n\r\n'));
    if (raw.text.startsWith('HTTP/1.1 400 ')) expect(instance.seen).toHaveLength(0);
    else
      expect([raw.text.match(/HTTP\/1\.1 /g)?.length, instance.seen.length, instance.seen[0]!.url]).toEqual([
        1,
        1,
        '/a/b',
      ]);
  });

  it('refuse headers of 64 KiB, and go on', async () => {
    const { node, instance } = await nodeWith('/a/*');
    const long = `GET /a/b HTTP/1.1\r\nhost: h\r\nx-long: ${'x'.repeat(65_536)}\r\n\r\n`;
    expect(await told(node.address, long)).toMatch(/^HTTP\/1.1 431 /);
    expect(instance.seen).toHaveLength(0);
    expect((await fetchOnce(`http://${node.address}/a/b`)).status).toBe(200);
  });

  it('see one body where a length is hidden from them', async () => {
    const { node, instance } = await nodeWith('/a/*');
    const inner = 'GET /a/secret HTTP/1.1\r\nhost: h\r\n\r\n';
    const raw = new RawSocket(node.address);
    const head = `POST /a/b HTTP/1.1\r\nhost: h\r\nconnection: content-length\r\ncontent-length: ${inner.length}\r\n\r\n`;
    raw.send(head + inner);
    await eventually('it is answered', () => raw.text.includes('/a/secret'));
    expect(instance.seen.map(({ url }) => url)).toEqual(['/a/b']);
  });

  it.each([
    '/mesh-rpc/v1',
    '/mesh/invoke',
    '/v1/interconn/*',
    '/v1/interconn/chan/push',
    '/stats',
    '/org.ppc.ptp.PrivateTransferTransport/*',
    '/grpc.health.v1.Health/Check',
    '/grpc.reflection.v1.ServerReflection/*',
  ])('are not those that the node serves itself: %s is refused', async (path) => {
    const [node, instance] = [shared(), await startInstance()];
    expect(await registerPaths(node, instance.address, [path])).toMatchObject({
      code: 'E0000000400',
      message: `registration.content.services[0] must be found by a path that is not one of those that the node serves itself, got "${path}"`,
    });
  });

  it('take nothing of what the node serves itself, where that is not served', async () => {
    const listen = { host: '127.0.0.1', port: 0, side: 'inner', serves: ['*', 'administration'] } as const;
    const [node, instance] = await Promise.all([startPathNode({ listen }), startInstance()]);
    await registerPaths(node, instance.address, ['/*']);
    expect((await fetchOnce(`http://${node.address}/stats`)).status).toBe(404);
    expect((await fetchOnce(`http://${node.address}/v1/interconn/chan/push`, { method: 'POST' })).status).toBe(404);
    expect((await fetchOnce(`http://${node.address}/else`)).status).toBe(200);
    expect(instance.seen).toHaveLength(1);
  });

  it('are served where the listener says so', async () => {
    const at = { host: '127.0.0.1', port: 0 } as const;
    const listen = [
      { ...at, side: 'inner' },
      { ...at, serves: ['/a/*', '/b'] },
      { ...at, serves: ['sessions'] },
    ] as const;
    const [node, instance] = await Promise.all([startPathNode({ listen }), startInstance()]);
    await registerPaths(node, instance.address, ['/*']);
    const { MeshServer } = await import('nestjs-mesh');
    const statuses = [];
    for (const address of node.app.get(MeshServer).addresses)
      for (const path of ['/a', '/a/x', '/ax', '/b', '/b/x'])
        statuses.push((await fetchOnce(`http://${address}${path}`)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 200, 404, 200, 404, 404, 404, 404, 404, 404]);
  });
});
