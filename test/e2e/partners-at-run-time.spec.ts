import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  getMeshPartnersToken,
  MeshModule,
  type MeshOptions,
  MeshPartners,
  type RouteChange,
  RouteStatus,
} from 'nestjs-mesh';
import { caught } from '../support/caught.js';
import { eventually } from '../support/eventually.js';
import { temporaryFolder } from '../support/folder.js';
import { createApp, startApp, type TestApp } from '../support/mesh-app.js';
import { A, B, bytesOf, C, drained, openAt, outboundAnswer, startNode, startStub } from '../support/nodes.js';

const { WEAVED, DISABLED, ASKING } = RouteStatus;

function partnersOf({ app }: TestApp): MeshPartners {
  return app.get(MeshPartners);
}

function push(from: TestApp, text: string, targetNodeId = B.nodeId): Promise<void> {
  return openAt(from, { targetNodeId }).push(bytesOf(text));
}

/** A node with these among its options; it is closed when the test ends. */
function nodeWith(node: MeshOptions['node'], rest: MeshOptions = {}): Promise<TestApp> {
  return startApp({ options: { ...A, node: { ...node }, ...rest } });
}

describe('partners at run time', () => {
  it('come, change and go', async () => {
    const [a, b] = [await nodeWith({}), await startNode(B)];
    const partners = partnersOf(a);
    const changes: RouteChange['type'][] = [];
    const end = partners.watch(({ type }) => changes.push(type));
    expect((await caught(push(a, 'too early'))).code).toBe('E0000000618');

    await partners.put({ ...B, address: b.address, details: { name: 'B' } });
    await push(a, 'woven');
    await openAt(a, { targetInstId: B.instId.toLowerCase() }).push(bytesOf('by its institution'));

    await partners.put({ ...B, details: { status: WEAVED | DISABLED } });
    const disabled = await caught(push(a, 'disabled'));
    expect([disabled.code, disabled.message]).toEqual(['E0000000606', `the node '${B.nodeId}' is disabled`]);

    await partners.put({ ...B, details: { status: ASKING } });
    expect((await caught(push(a, 'asked'))).message).toContain('it is not woven yet');

    await partners.put({ ...B, details: { status: WEAVED, expireAt: Date.now() - 1 } });
    expect((await caught(push(a, 'expired'))).code).toBe('E0000000605');

    await partners.put({ ...B, details: { expireAt: Date.now() + 3_600_000 } });
    await push(a, 'agreed anew');
    expect(partners.route(B.nodeId)).toMatchObject({ addresses: [b.address], details: { name: 'B' } });

    expect([await partners.remove(B.nodeId), await partners.remove(B.nodeId)]).toEqual([true, false]);
    expect((await caught(push(a, 'gone'))).code).toBe('E0000000618');
    end();
    expect(changes).toEqual(['added', 'updated', 'updated', 'updated', 'updated', 'removed']);
    expect(await drained(b)).toEqual(['woven', 'by its institution', 'agreed anew']);
  });

  it('leave alone what is under way', async () => {
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const stub = await startStub(() => answered.then(() => outboundAnswer({})));
    const a = await nodeWith({});
    await partnersOf(a).put({ ...B, address: stub.address });
    const underWay = push(a, 'under way');
    await eventually('the push', () => stub.seen.length === 1);
    await partnersOf(a).remove(B.nodeId);
    answer();
    await underWay;
    expect((await caught(push(a, 'too late'))).code).toBe('E0000000618');
  });

  it.each([
    ['to itself', { nodeId: A.nodeId.toLowerCase(), address: 'a:1' }, 'E0000000400', 'is this node itself'],
    ['without an address', { nodeId: 'LX9' }, 'E0000000400', "the route to the node 'LX9' has no address"],
    ['to no address', { nodeId: 'LX9', address: 'http://a' }, 'E0000000400', 'partner.address must be host:port'],
    ['with a name that is none', { nodeId: 'a/b', address: 'a:1' }, 'E0000000400', 'partner.node_id must be'],
    [
      'in a dialect that nobody speaks',
      { nodeId: 'LX9', address: 'a:1', dialect: 'klingon' },
      'E0000000404',
      'klingon',
    ],
    ['that the options have', { ...C, address: 'a:1' }, 'E0000000614', "comes from the option 'partners'"],
  ])('are not there %s', async (_, partner, code, message) => {
    const a = await nodeWith({}, { partners: [{ ...C, address: 'c:1' }] });
    const error = await caught(partnersOf(a).put(partner));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(partnersOf(a).list()).toHaveLength(1);
  });

  it('belong to their mesh', async () => {
    const { app } = await startApp({
      imports: [MeshModule.forRoot({ mesh: 'other', nodeId: 'LX7', listen: false })],
      options: { ...A },
    });
    const other = app.get<MeshPartners>(getMeshPartnersToken('other'));
    await other.put({ ...B, address: 'b:1' });
    expect([other.list().length, app.get(MeshPartners).list().length]).toEqual([1, 0]);
  });
});

describe('a node with a folder for its data', () => {
  it('has its partners again when it starts anew', async () => {
    const dataDir = join(temporaryFolder(), 'data');
    const b = await startNode(B);
    const before = await nodeWith({ dataDir });
    await partnersOf(before).put({ ...B, address: b.address, details: { hostKey: 'secret' } });
    await partnersOf(before).put({ ...C, address: 'c:1' });
    await partnersOf(before).remove(C.nodeId);
    await before.app.close();

    const after = await nodeWith({ dataDir });
    await push(after, 'once more');
    expect(await drained(b)).toEqual(['once more']);
    expect(partnersOf(after).list()).toHaveLength(1);
    expect(partnersOf(after).route(B.nodeId)?.details.hostKey).toBe('secret');
    expect(statSync(join(dataDir, 'partners.json')).mode & 0o777).toBe(0o600);
  });

  it('says that it cannot keep them, and goes on without', async () => {
    const dataDir = temporaryFolder();
    const a = await nodeWith({ dataDir });
    mkdirSync(join(dataDir, 'partners.json', 'in-the-way'), { recursive: true });
    const error = await caught(partnersOf(a).put({ ...B, address: 'b:1' }));
    expect(error.code).toBe('E0000000500');
    expect(error.message).toContain(`${join(dataDir, 'partners.json')}: cannot be written`);
    expect(partnersOf(a).list()).toEqual([]);
  });

  it('does not start with what it cannot read, and leaves it as it is', async () => {
    const dataDir = temporaryFolder();
    const path = join(dataDir, 'partners.json');
    const text = '{ "version": 1, "partners": [\n  { "node_id": "LX2", "address": 5 }\n] }';
    writeFileSync(path, text);
    const app = await createApp({ options: { ...A, node: { dataDir } } });
    const error = await caught(app.init());
    expect(error.message).toMatch(/partners\.json:2: partners\[0\]\.address must be a text of at most/);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });
});

describe('a node with a file of routes', () => {
  it('follows what is written there, and what takes its place; a mistake changes nothing', async () => {
    const [folder, b] = [temporaryFolder(), await startNode(B)];
    const file = join(folder, 'routes.yaml');
    const said = `- nodeId: ${B.nodeId}\n  instId: ${B.instId}\n  address: ${b.address}\n`;
    writeFileSync(file, said);
    const logged = vi.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    onTestFinished(() => logged.mockRestore());
    const a = await nodeWith({ routes: { file } });
    const partners = partnersOf(a);
    await push(a, 'as the file says');

    writeFileSync(join(folder, 'new'), `${said}- nodeId: ${C.nodeId}\n  address: c:1\n`);
    renameSync(join(folder, 'new'), file);
    await eventually('two partners', () => partners.list().length === 2);

    writeFileSync(file, `${said}- nodeId: ${C.nodeId}\n  adress: c:1\n`);
    await eventually('a word about the mistake', () => logged.mock.calls.length > 0);
    expect(logged.mock.calls[0]?.[0]).toBe(
      `the partners of ${file} stay as they were: ${file}:5: unknown option 'partners[1].adress' (did you mean 'address'?)`,
    );
    expect(partners.list()).toHaveLength(2);
    expect((await caught(partners.remove(C.nodeId))).code).toBe('E0000000614');

    writeFileSync(file, `${said}  status: ${DISABLED}\n`);
    await eventually('one partner', () => partners.list().length === 1);
    expect((await caught(push(a, 'disabled'))).code).toBe('E0000000606');
    expect(await drained(b)).toEqual(['as the file says']);
  });

  it.each([
    [
      'another node twice',
      `- nodeId: ${C.nodeId}\n  address: a\n`,
      `:1: partners[0].nodeId: the option 'partners' is about`,
    ],
    ['itself', `- nodeId: LX8\n  address: a\n- nodeId: ${A.nodeId}\n  address: a\n`, ':3: partners[1]: '],
    ['a dialect that nobody speaks', '- { nodeId: LX8, address: a, dialect: klingon }', ':1: partners[0]: '],
    ['nothing', '', ':1: a list of partners is expected'],
  ])('does not start when it names %s', async (_, text, problem) => {
    const file = join(temporaryFolder(), 'routes.yaml');
    writeFileSync(file, text);
    const options = { ...A, node: { routes: { file } }, partners: [{ ...C, address: 'c:1' }] };
    const error = await caught((await createApp({ options })).init());
    expect(error.code).toBe('E0000000400');
    expect(error.message).toContain(`${file}${problem}`);
  });

  it('does not follow it when it is told not to, nor once it is closed', async () => {
    const file = join(temporaryFolder(), 'routes.json');
    writeFileSync(file, '[]');
    const [still, closed, live] = [
      await nodeWith({ routes: { file, watch: false } }),
      await nodeWith({ routes: { file } }),
      await nodeWith({ routes: { file } }),
    ];
    await closed.app.close();
    writeFileSync(file, `[{ "nodeId": "LX9", "address": "a:1" }]`);
    await eventually('the change', () => partnersOf(live).list().length === 1);
    expect([partnersOf(still).list(), partnersOf(closed).list()]).toEqual([[], []]);
  });
});
