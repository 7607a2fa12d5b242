import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manifest } from '../../package/installation.js';
import { TestAuthority } from '../../support/certificates.js';
import { requireBuild } from '../../support/dist.js';
import { commandEnd, NodeCommand } from './node-command.js';

const folder = mkdtempSync(join(tmpdir(), 'mesh-node-'));
const LOCAL = ['--host', '127.0.0.1', '--port', '0'];

beforeAll(requireBuild);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function post(address: string, call: string, body: object): Promise<{ code: string; content?: string | null }> {
  const response = await fetch(`http://${address}/v1/interconn/chan/${call}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-ptp-session-id': 's-1', 'x-ptp-version': '1.0' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as { code: string; content?: string | null };
}

// Some start processes: under load they take their time.
describe('mesh-node', { timeout: 60_000 }, () => {
  it('serves, says so, and ends in order', async () => {
    const node = new NodeCommand([...LOCAL, '--node-id', 'LX0000010000010', '--partner', 'LX2@JG2=a,b:7304'], {
      MESH_INST_ID: 'JG0100000100000000',
    });
    const address = await node.address();
    const payload = Buffer.from('hello').toString('base64');

    expect((await post(address, 'push', { topic: 't', payload })).code).toBe('E0000000000');
    expect(await post(address, 'pop', { topic: 't', timeout: 1_000 })).toMatchObject({
      code: 'E0000000000',
      content: payload,
    });
    node.signal('SIGTERM');
    const { exitCode, stdout, stderr } = await node.end();
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^ {2}node +LX0000010000010 of institution JG0100000100000000, named mesh-node, in trustbe\.cn$/m,
    );
    expect(stdout).toMatch(/^ {2}partner +LX2 of institution JG2 at a:7304, b:7304 over auto, invoke$/m);
    expect(stdout).not.toContain('a default id');
    expect(stdout).toMatch(/SIGTERM: takes no new calls.*\nended in order\n$/);
  });

  it('answers who waits when it ends, and ends', async () => {
    const node = new NodeCommand(LOCAL);
    const address = await node.address();
    const waiting = post(address, 'pop', { topic: 't', timeout: 50_000 });
    await post(address, 'push', { topic: 'other', payload: '' });

    node.signal('SIGINT');
    expect((await waiting).content ?? '').toBe('');
    const { exitCode, stdout } = await node.end();
    expect(exitCode).toBe(0);
    expect(stdout).toContain('choose your own with --node-id and --inst-id');
  });

  it('ends at once at the second signal', async () => {
    const node = new NodeCommand([...LOCAL, '--drain-timeout-ms', '50000']);
    const [host, port] = (await node.address()).split(':');
    // A request that does not go on arriving: the end in order waits for it.
    const socket = connect(Number(port), host).on('error', () => undefined);
    const head =
      'POST /v1/interconn/chan/push HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n';
    socket.write(head);
    await once(socket, 'data');

    node.signal('SIGTERM');
    await node.printed(/SIGTERM: takes no new calls/);
    node.signal('SIGTERM');
    const { exitCode, stdout } = await node.end();
    socket.destroy();
    expect(stdout).toMatch(/SIGTERM: ends at once\n$/);
    expect(exitCode).toBe(1);
  });

  it('says that the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { exitCode, stderr, stdout } = await new NodeCommand(['--host', '127.0.0.1', '--port', String(port)]).end();
    other.close();

    expect(stderr).toBe(
      `mesh-node: cannot listen at 127.0.0.1:${port}: the port is in use (EADDRINUSE); choose another with --port or --host\n`,
    );
    expect(stdout).toBe('');
    expect(exitCode).toBe(3);
  });

  it('tells its version, and helps', async () => {
    const version = await new NodeCommand(['--version']).end();
    const help = await new NodeCommand(['-h']).end();

    expect(version).toEqual({ exitCode: 0, stdout: `${manifest.version}\n`, stderr: '' });
    expect(help).toMatchObject({ exitCode: 0, stderr: '' });
    expect(help.stdout).toContain('--node-id ID');
  });

  it('checks: flags go before the environment, that before the file, that before the defaults', async () => {
    const config = file('node.yaml', 'nodeId: LXfile\ninstId: JGfile\nname: file\nlisten: { port: 1 }\n');
    const { exitCode, stdout, stderr } = await commandEnd(['--check', '--config', config, '--name', 'flag'], {
      MESH_INST_ID: 'JGenv',
      MESH_NAME: 'env',
    });

    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^name: flag +# --name$/m);
    expect(stdout).toMatch(/^instId: JGenv +# MESH_INST_ID$/m);
    expect(stdout).toContain(`# ${config}:1\n`);
    expect(stdout).toMatch(/^domain: trustbe\.cn$/m);
  });

  it.each([
    ['unknown flags', ['--prot', '1'], 'mesh-node: unknown flag --prot (did you mean --port?)'],
    [
      'wrong values of flags',
      ['--port', '70000'],
      'mesh-node: --port: listen.port must be a whole number from 0 to 65535',
    ],
    [
      'a file that is not there',
      ['--config', 'nowhere.yaml'],
      'mesh-node: nowhere.yaml: cannot be read: there is no such file',
    ],
    ['extensions that are not there', ['--set', 'use.codec=nothing'], 'mesh-node: '],
    [
      'a route to oneself',
      ['--node-id', 'LX1', '--partner', 'LX1=a:1'],
      'mesh-node: --partner: partners[0].nodeId must be another',
    ],
  ])('refuses %s, to run as to check', async (_, args, problem) => {
    for (const how of [[], ['--check']]) {
      const { exitCode, stdout, stderr } = await commandEnd([...LOCAL.slice(0, 2), ...args, ...how]);
      expect(stderr).toContain(problem);
      expect(stdout).toBe('');
      expect(exitCode).toBe(2);
    }
  });

  it('names the lines of all that is wrong in its file', async () => {
    const config = file('bad.json', '{\n"nodeid": "x",\n"partners": [{ "nodeId": "LX1",\n"address": "a:b" }]\n}');
    const { exitCode, stderr } = await new NodeCommand([], { MESH_CONFIG: config }).end();

    expect(stderr).toContain(`mesh-node: ${config}:2: unknown option 'nodeid' (did you mean 'nodeId'?)`);
    expect(stderr).toContain(`mesh-node: ${config}:4: partners[0].address must be host:port`);
    expect(exitCode).toBe(2);
  });

  it('finds certificates that do not fit their key when it checks, and hides the key', async () => {
    const authority = new TestAuthority();
    const [one, other] = [authority.issue(), authority.issue()];
    const check = (key: string) => commandEnd(['--check'], { MESH_TLS_CERT: one.cert, MESH_TLS_KEY: key });
    const wrong = await check(other.key);
    const right = await check(one.key);

    expect(wrong.stderr).toMatch(/^mesh-node: MESH_TLS_\w+: listen\.tls/);
    expect(wrong.exitCode).toBe(2);
    expect(right.exitCode).toBe(0);
    expect(right.stdout).toContain('key: "(hidden)"');
    expect(`${right.stdout}${wrong.stderr}`).not.toContain('BEGIN');
  });

  it('has the partners of its file, and those that it has kept', async () => {
    const routes = file('routes.yaml', '- nodeId: LX2\n  address: a,b:7304\n');
    const kept = '{ "version": 1, "partners": [{ "node_id": "LX3", "inst_id": "JG3", "address": "c:1" }] }';
    const dataDir = join(folder, 'data');
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'partners.json'), kept);
    const node = new NodeCommand([...LOCAL, '--routes-file', routes], { MESH_DATA_DIR: dataDir });
    await node.address();
    node.signal('SIGTERM');
    const { exitCode, stdout, stderr } = await node.end();

    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^ {2}partner +LX2 at a:7304, b:7304 over auto, invoke, by the file of routes$/m);
    expect(stdout).toMatch(/^ {2}partner +LX3 of institution JG3 at c:1 over auto, invoke, by administration$/m);
  });

  it('checks what it would read of partners, writes nothing, and tells no token', async () => {
    const dataDir = join(folder, 'untouched');
    const routes = file('wrong.yaml', '- nodeId: LX2\n  adress: a\n');
    const args = ['--check', '--data-dir', dataDir, '--set', 'node.administration.token=sixteen-or-more-'];
    const right = await commandEnd(args);
    const wrong = await commandEnd([...args, '--routes-file', routes]);

    expect([right.exitCode, right.stderr]).toEqual([0, '']);
    expect(right.stdout).not.toContain('sixteen');
    expect(existsSync(dataDir)).toBe(false);
    expect(wrong.stderr).toContain(`${routes}:2: unknown option 'partners[0].adress' (did you mean 'address'?)`);
    expect(wrong.exitCode).toBe(2);
  });
});
