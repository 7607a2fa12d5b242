import { MeshCode, MeshError } from 'nestjs-mesh';
import {
  MeshExtension,
  MIDDLEWARE,
  type Middleware,
  type PassingNext,
  type PassingRequest,
  type PassingResponse,
} from 'nestjs-mesh/spi';
import { describe, expect, it } from 'vitest';
import { startApp } from '../../support/mesh-app.js';
import { registerPaths, startInstance } from '../../support/path-instances.js';

/** Lets through what has a pass, and signs it. */
@MeshExtension(MIDDLEWARE, 'gate')
class Gate implements Middleware {
  readonly scope = { paths: ['/reports/*'] };
  readonly seen: string[] = [];

  async handle(request: PassingRequest, next: PassingNext): Promise<PassingResponse> {
    this.seen.push(`${request.kind} ${request.listener} ${request.method} ${request.path}?${request.query}`);
    const pass = request.headers['x-pass'];
    if (pass === undefined) throw new MeshError(MeshCode.FORBIDDEN, 'no pass');
    if (pass === 'kept') return { status: 203, headers: { 'x-from': 'gate' }, body: Buffer.from('kept') };
    request.headers['x-pass'] = 'checked';
    const response = await next(request);
    response.headers['x-signed'] = 'gate';
    if (pass !== 'loud' || response.body instanceof Uint8Array) return response;
    return { ...response, body: loud(response.body) };
  }
}

async function* loud(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of body) yield Buffer.from(Buffer.from(chunk).toString().repeat(2).toUpperCase());
}

describe('paths that applications register', () => {
  it('are guarded by middleware, which sees and changes what passes', async () => {
    const listen = { host: '127.0.0.1', port: 0, side: 'inner' } as const;
    const node = await startApp({ providers: [Gate], options: { node: {}, listen, drainTimeoutMs: 50 } });
    const instance = await startInstance();
    await registerPaths(node, instance.address, ['/reports/*', '/open/*']);
    const ask = (path: string, headers: Record<string, string>) =>
      fetch(`http://${node.address}${path}`, { method: 'POST', headers, body: 'a;b' });

    const passed = await ask('/reports/1?q=2', { 'x-pass': 'quiet' });
    expect([passed.status, passed.headers.get('x-signed'), await passed.text()]).toEqual([200, 'gate', 'a;b']);
    expect(passed.headers.get('x-asked')).toBe('POST /reports/1?q=2');
    expect(instance.seen[0]?.headers).toMatchObject({ 'x-pass': 'checked', 'content-length': '3' });

    expect(await (await ask('/reports/1', { 'x-pass': 'loud' })).text()).toBe('A;BA;B');

    const refused = await ask('/reports/1', {});
    expect([refused.status, await refused.json()]).toEqual([403, { code: MeshCode.FORBIDDEN, message: 'no pass' }]);
    const kept = await ask('/reports/1', { 'x-pass': 'kept' });
    expect([kept.status, kept.headers.get('x-from'), await kept.text()]).toEqual([203, 'gate', 'kept']);
    expect(await (await ask('/open/1', {})).text()).toBe('a;b');

    expect(instance.seen).toHaveLength(3);
    const { seen } = node.app.get(Gate);
    expect([seen[0], seen.length]).toEqual(['passage listen POST /reports/1?q=2', 4]);
  });
});
