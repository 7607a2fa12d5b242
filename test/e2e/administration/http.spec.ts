import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { A, B, C } from '../../support/nodes.js';
import {
  ask,
  type Ask,
  done,
  edges,
  NET_ACK,
  NET_EDGES,
  NET_REFRESH,
  NET_WEAVE,
  NODE_REFRESH,
  REGISTER,
  startSides,
  TOKEN,
} from '../../support/operator.js';

const toB = { node_id: B.nodeId, inst_id: B.instId, address: 'b:7304' };

async function startInner(options = {}): Promise<string> {
  return (await startSides(A, options)).inner;
}

describe('the administration of a node over HTTP', () => {
  it('enters, changes, shows and drops routes', async () => {
    const node = await startInner();
    const secrets = { auth_code: 'secret-code-0123', host_key: 'secret-host', guest_key: 'secret-guest' };
    const entered = await done(node, NET_REFRESH, { ...toB, name: 'b', ...secrets, guest_crt: 'certificate' });
    expect(entered).toMatchObject([
      { ...toB, name: 'b', status: 6, guest_crt: 'certificate', auth_code: '', host_key: '' },
    ]);
    await done(node, NET_REFRESH, {
      routes: [
        { node_id: B.nodeId, describe: 'told later' },
        { nodeId: C.nodeId, address: 'c,d:1' },
      ],
    });
    const listed = await ask(node, NET_EDGES, { method: 'GET' });
    expect(listed.text).not.toContain('secret');
    expect((await edges(node)).get(B.nodeId)).toMatchObject({
      ...toB,
      name: 'b',
      describe: 'told later',
      guest_key: '',
    });
    expect((await edges(node)).get(C.nodeId)).toMatchObject({ address: 'c:1,d:1', status: 6 });

    const one = async (id: string) => (await ask(node, `${NET_EDGES}?node_id=${id}`, { method: 'GET' })).content;
    expect(await one(B.nodeId.toLowerCase())).toMatchObject(toB);
    expect(await one(B.instId)).toMatchObject(toB);
    expect(await one(A.nodeId)).toMatchObject({ node_id: A.nodeId, inst_id: A.instId });
    expect(await one('LX9')).toBeNull();

    await done(node, NET_REFRESH, [
      { node_id: B.nodeId, status: 32 },
      { node_id: C.nodeId, status: 64 },
    ]);
    expect([...(await edges(node)).values()].map(({ node_id, status }) => [node_id, status])).toEqual([[B.nodeId, 38]]);
    await done(node, NET_REFRESH, { node_id: B.nodeId, status: 6 });
    expect((await edges(node)).get(B.nodeId)).toMatchObject({ status: 6 });
  });

  it('describes the node, which tells it to others without keys', async () => {
    const { inner, outer } = await startSides(A);
    const said = {
      inst_name: 'Bank A',
      version: '2.0.0',
      root_crt: 'root',
      node_crt: 'crt',
      address: 'a.example:7304',
    };
    const content = await done(inner, NODE_REFRESH, {
      node_id: A.nodeId.toLowerCase(),
      inst_id: A.instId,
      ...said,
      root_key: 'secret',
    });
    const told = {
      node_id: A.nodeId,
      inst_id: A.instId,
      inst_name: 'Bank A',
      version: '2.0.0',
      root_crt: 'root',
      root_key: '',
      node_crt: 'crt',
    };
    expect(content).toEqual(told);
    await done(inner, NODE_REFRESH, { inst_name: 'Bank of A' });
    const urn = `environ.net.mesh.0001000000000000000000000000000000000.${A.nodeId.toLowerCase()}.trustbe.cn`;
    const environ = await ask(outer, '/mesh/invoke', { body: {}, headers: { 'mesh-urn': urn } });
    expect(environ.content).toEqual({ ...told, inst_name: 'Bank of A' });
    expect((await edges(inner)).size).toBe(0);
    expect((await ask(inner, `${NET_EDGES}?node_id=`, { method: 'GET' })).content).toMatchObject({
      address: 'a.example:7304',
    });
  });

  it.each([
    [{ node_id: 'LX9' }, 'node.node_id cannot change while the node runs, it is'],
    [{ inst_id: 'JG9' }, 'node.inst_id cannot change while the node runs, it is'],
  ])('does not change what the node is: %j', async (body, message) => {
    const node = await startInner();
    const answer = await ask(node, NODE_REFRESH, { body: { ...body, inst_name: 'x' } });
    expect(answer).toMatchObject({ status: 200, code: 'E0000000614', message: expect.stringContaining(message) });
  });

  it('keeps what is said over a restart, readable for nobody else', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'administration-'));
    onTestFinished(() => rm(dataDir, { recursive: true }));
    const { node, inner } = await startSides(A, { node: { dataDir } });
    await done(inner, NODE_REFRESH, { inst_name: 'Bank A', root_key: 'secret' });
    await done(inner, NET_REFRESH, toB);
    await node.app.close();
    const files = (await readdir(dataDir)).map((name) => join(dataDir, name));
    const modes = await Promise.all(files.map(async (file) => (await stat(file)).mode & 0o777));
    expect(modes).toEqual(files.map(() => 0o600));
    expect((await Promise.all(files.map((file) => readFile(file, 'utf8')))).join()).not.toContain('secret');
    const again = await startInner({ node: { dataDir } });
    expect((await edges(again)).get(B.nodeId)).toMatchObject(toB);
    expect(await done(again, NODE_REFRESH, {})).toMatchObject({ inst_name: 'Bank A' });
  });

  it.each<readonly [what: string, path: string, ask: Ask, code: string, message: RegExp]>([
    ['another verb', NET_REFRESH, { method: 'PUT', body: toB }, 'E0000000614', /is called by POST, not by PUT/],
    ['another verb for reading', NET_EDGES, { body: {} }, 'E0000000614', /is called by GET, not by POST/],
    ['no JSON', NET_REFRESH, { body: 'node_id=1' }, 'E0000000616', /./],
    ['nothing', NET_WEAVE, { body: '' }, 'E0000000616', /./],
    ['a text', NET_REFRESH, { body: '"x"' }, 'E0000000400', /routes\[0\] must be an object, got "x"/],
    ['no node', NET_REFRESH, { body: { address: 'a:1' } }, 'E0000000400', /routes\[0\]\.node_id/],
    ['no address', NET_REFRESH, { body: { node_id: 'LX2' } }, 'E0000000400', /LX2.*address/],
    [
      'an address that is none',
      NET_REFRESH,
      { body: { ...toB, address: 'a:b:c' } },
      'E0000000400',
      /routes\[0\]\.address/,
    ],
    ['an address of a port that is none', NET_REFRESH, { body: { ...toB, address: 'a:0' } }, 'E0000000400', /address/],
    [
      'a route to oneself',
      NET_REFRESH,
      { body: { ...toB, node_id: A.nodeId.toLowerCase() } },
      'E0000000400',
      /this node itself/,
    ],
    [
      'the second of two',
      NET_REFRESH,
      { body: [toB, { ...toB, address: '?' }] },
      'E0000000400',
      /routes\[1\]\.address/,
    ],
    ['a dialect that there is not', NET_REFRESH, { body: { ...toB, dialect: 'klingon' } }, 'E0000000404', /klingon/],
    ['a name of every object', NET_REFRESH, { body: '{"__proto__":{"x":1}}' }, 'E0000000400', /__proto__/],
    [
      'a description of 1 MiB',
      NET_REFRESH,
      { body: { ...toB, describe: 'x'.repeat(1_048_576) } },
      'E0000000400',
      /describe must be/,
    ],
    [
      'a name of 1 MiB',
      NODE_REFRESH,
      { body: { inst_name: 'x'.repeat(1_048_576) } },
      'E0000000400',
      /inst_name must be/,
    ],
    ['5 MiB', NET_REFRESH, { body: { ...toB, extra: 'x'.repeat(5_242_880) } }, 'E0000000413', /5242\d+ bytes/],
    [
      '10,000 routes',
      NET_REFRESH,
      { body: Array.from({ length: 10_000 }, (_, index) => ({ node_id: `LX${index}`, address: 'a:1' })) },
      'E0000000413',
      /10000 routes/,
    ],
    [
      'a private key for a certificate',
      NODE_REFRESH,
      { body: { root_crt: '-----BEGIN PRIVATE KEY-----' } },
      'E0000000400',
      /got a private key/,
    ],
    ['an address of the node that is none', NODE_REFRESH, { body: { address: 'a b' } }, 'E0000000400', /node\.address/],
    ['weaving with nobody', NET_WEAVE, { body: {} }, 'E0000000400', /node_id/],
    ['consent to nothing', NET_ACK, { body: { node_id: B.nodeId } }, 'E0000000618', /has not asked/],
  ])('refuses %s', async (_, path, what, code, message) => {
    const node = await startInner();
    const answer = await ask(node, path, what);
    expect(answer).toMatchObject({ status: 200, code, message: expect.stringMatching(message) });
    expect(answer.text.length).toBeLessThan(1_000);
    expect((await edges(node)).size).toBe(0);
  });

  it('leaves alone what comes from the options', async () => {
    const node = await startInner({ partners: [{ nodeId: B.nodeId, address: 'b:1' }] });
    expect(await ask(node, NET_REFRESH, { body: toB })).toMatchObject({
      code: 'E0000000614',
      message: expect.stringContaining('partners'),
    });
    expect((await edges(node)).get(B.nodeId)).toMatchObject({ address: 'b:1' });
  });
});

const everyPath: readonly (readonly [path: string, what: Ask])[] = [
  [NODE_REFRESH, { body: { inst_name: 'x' } }],
  [NET_REFRESH, { body: toB }],
  [NET_WEAVE, { body: toB }],
  [NET_ACK, { body: toB }],
  [NET_EDGES, { method: 'GET' }],
];
const everything = ['*', 'sessions', 'nodes', 'builtins', 'administration'];

type Headers = Readonly<Record<string, string>>;
const wrong: readonly Headers[] = [
  {},
  { authorization: 'Bearer no-token-of-anybody' },
  { authorization: TOKEN },
  { 'x-ptp-token': TOKEN.slice(1) },
];
const right: readonly Headers[] = [{ authorization: `Bearer ${TOKEN}` }, { 'x-ptp-token': TOKEN }];

describe('who may administer over HTTP', () => {
  it('is nobody at the outer side, where it is not asked for', async () => {
    const { outer } = await startSides(A);
    const nowhere = await ask(outer, '/v1/interconn/net/nowhere', { body: toB });
    for (const [path, what] of [...everyPath, [REGISTER, { body: {} }] as const]) {
      const answer = await ask(outer, path, { ...what, headers: { authorization: `Bearer ${TOKEN}` } });
      expect([answer.status, answer.text.replace(path, '')]).toEqual([
        nowhere.status,
        nowhere.text.replace('/v1/interconn/net/nowhere', ''),
      ]);
    }
  });

  it('is who shows the token, and nobody else, where it is served outside', async () => {
    const { inner, outer } = await startSides(A, {
      node: { administration: { token: TOKEN } },
      serves: everything,
    });
    for (const [path, what] of [...everyPath, [REGISTER, { body: {} }] as const]) {
      for (const headers of wrong) {
        const answer = await ask(outer, path, { ...what, headers });
        expect(answer).toMatchObject({ status: 403, code: 'E0000000403' });
        expect(answer.text).not.toContain(TOKEN);
      }
      for (const headers of right) {
        expect((await ask(outer, path, { ...what, headers })).status).toBe(200);
      }
    }
    expect((await ask(inner, NET_EDGES, { method: 'GET' })).status).toBe(403);
    expect((await edges(inner, { 'x-ptp-token': TOKEN })).has(B.nodeId)).toBe(true);
    // The SDKs know no token.
    const registration = { instance_id: 'x', name: 'x', address: 'x:1', content: { services: [], references: [] } };
    expect(await ask(inner, REGISTER, { body: registration })).toMatchObject({ code: 'E0000000000' });
  });
});
