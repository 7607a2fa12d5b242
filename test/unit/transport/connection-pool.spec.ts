import { describe, expect, it, onTestFinished } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { ConnectionPool, type ConnectionPoolOptions } from '../../../lib/transport/connection-pool.js';
import type { Connection, DuplexStream, InboundAnswer } from '../../../lib/transport/transport.js';
import { eventually } from '../../support/eventually.js';

/** A connection that a test holds busy. */
class FakeConnection implements Connection {
  pending = 0;
  state: 'open' | 'closed' | 'destroyed' = 'open';

  call(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(0));
  }

  async exchange(): Promise<InboundAnswer> {
    return { body: await this.call(), contentType: '', status: 200, headers: {} };
  }

  open(): DuplexStream {
    throw new Error('not under test');
  }

  async close(): Promise<void> {
    this.state = 'closed';
  }

  destroy(): void {
    this.state = 'destroyed';
  }
}

function makePool(options: Partial<ConnectionPoolOptions> = {}): {
  pool: ConnectionPool;
  dialled: Map<string, FakeConnection>;
} {
  const dialled = new Map<string, FakeConnection>();
  const pool = new ConnectionPool(
    (transport, address) => {
      const connection = new FakeConnection();
      dialled.set(`${transport}>${address}`, connection);
      return connection;
    },
    { idleTimeoutMs: 60_000, ...options },
  );
  onTestFinished(() => pool.destroy());
  return { pool, dialled };
}

describe('the pool of connections', () => {
  it('has one for each transport and address', () => {
    const { pool, dialled } = makePool();
    const first = pool.get({ address: 'a:1' });
    expect(pool.get({ address: 'a:1' })).toBe(first);
    expect(pool.get({ address: 'a:1', transport: 'grpc' })).not.toBe(first);
    expect(pool.get({ address: 'b:1' })).not.toBe(first);
    expect([...dialled.keys()]).toEqual(['undefined>a:1', 'grpc>a:1', 'undefined>b:1']);
  });

  it('has one for who names the default transport and for who names none', () => {
    const { pool } = makePool({ usual: 'auto' });
    const unnamed = pool.get({ address: 'a:1' });
    expect(pool.get({ address: 'a:1', transport: 'auto' })).toBe(unnamed);
    expect(pool.get({ address: 'a:1', transport: 'http' })).not.toBe(unnamed);
  });

  it('closes those that are idle, and no others', async () => {
    const { pool, dialled } = makePool({ idleTimeoutMs: 30 });
    pool.get({ address: 'idle:1' });
    pool.get({ address: 'busy:1' });
    dialled.get('undefined>busy:1')!.pending = 1;
    await eventually('the idle one is closed', () => dialled.get('undefined>idle:1')!.state === 'closed');
    expect(dialled.get('undefined>busy:1')!.state).toBe('open');
    expect(pool.size).toBe(1);
    dialled.get('undefined>busy:1')!.pending = 0;
    await eventually('the other is closed', () => pool.size === 0);
  });

  it('closes those without calls when it is told to, and makes them anew when they are needed', () => {
    const { pool, dialled } = makePool();
    const idle = pool.get({ address: 'idle:1' });
    const busy = pool.get({ address: 'busy:1' });
    dialled.get('undefined>busy:1')!.pending = 1;
    pool.closeIdle();
    expect([idle, busy].map((connection) => (connection as FakeConnection).state)).toEqual(['closed', 'open']);
    expect(pool.get({ address: 'busy:1' })).toBe(busy);
    expect(pool.get({ address: 'idle:1' })).not.toBe(idle);
  });

  it('keeps at most so many, and closes that which was idle longest', async () => {
    const { pool, dialled } = makePool({ maxConnections: 2, idleTimeoutMs: 400 });
    pool.get({ address: 'old:1' });
    await new Promise((resolve) => setTimeout(resolve, 220));
    pool.get({ address: 'new:1' });
    pool.get({ address: 'third:1' });
    expect(dialled.get('undefined>old:1')!.state).toBe('closed');
    expect(dialled.get('undefined>new:1')!.state).toBe('open');
    expect(pool.size).toBe(2);
  });

  it('refuses another when all are busy', () => {
    const { pool, dialled } = makePool({ maxConnections: 1 });
    pool.get({ address: 'a:1' });
    dialled.get('undefined>a:1')!.pending = 1;
    expect(() => pool.get({ address: 'b:1' })).toThrow(
      expect.objectContaining({ code: MeshCode.BUFFER_FULL, neverSent: true }),
    );
    expect(pool.get({ address: 'a:1' })).toBe(dialled.get('undefined>a:1'));
  });

  it('closes all of them, and opens no more', async () => {
    const { pool, dialled } = makePool();
    pool.get({ address: 'a:1' });
    pool.get({ address: 'b:1' });
    await Promise.all([pool.close(), pool.close()]);
    expect([...dialled.values()].map(({ state }) => state)).toEqual(['closed', 'closed']);
    expect(() => pool.get({ address: 'c:1' })).toThrow(MeshError);
    expect(() => pool.get({ address: 'a:1' })).toThrow(
      expect.objectContaining({ code: MeshCode.ADDRESS_UNREACHABLE, neverSent: true }),
    );
  });

  it('destroys all of them', () => {
    const { pool, dialled } = makePool();
    pool.get({ address: 'a:1' });
    pool.destroy();
    pool.destroy();
    expect(dialled.get('undefined>a:1')!.state).toBe('destroyed');
    expect(pool.size).toBe(0);
  });
});
