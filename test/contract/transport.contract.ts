import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cancellation } from '../../lib/context/cancellation.js';
import { MeshCode } from '../../lib/errors/mesh-code.js';
import { MeshError } from '../../lib/errors/mesh-error.js';
import { ConnectionPool } from '../../lib/transport/connection-pool.js';
import type {
  Acceptor,
  CallAnswer,
  Connection,
  InboundCall,
  Listener,
  Transport,
} from '../../lib/transport/transport.js';
import { caught } from '../support/caught.js';
import { eventually } from '../support/eventually.js';
import { outbound } from '../support/transport-fixtures.js';

/** Limit of the transports under test. */
const LIMIT = 2 * 1024 * 1024;

/** Handlers that the suite calls, and what they have seen. */
class TestService {
  readonly seen: InboundCall[] = [];
  /** What became of the answers of `/settle`, in order. */
  readonly settled: boolean[] = [];
  private readonly gates: (() => void)[] = [];

  readonly acceptor: Acceptor = (path) => {
    const handler = this.handlers[path];
    return handler && ((call) => (this.seen.push(call), handler(call)));
  };

  private answer(body: Uint8Array): CallAnswer {
    return { body, settle: (delivered) => void this.settled.push(delivered) };
  }

  private readonly handlers: Readonly<Record<string, (call: InboundCall) => Promise<Uint8Array | CallAnswer>>> = {
    '/echo': async (call) => call.body,
    '/wait': (call) => new Promise((resolve) => this.gates.push(() => resolve(call.body))),
    '/never': () => new Promise(() => undefined),
    '/tail': async ({ body, takesTails }) => {
      const middle = takesTails ? body.length >> 1 : body.length;
      return { body: body.subarray(0, middle), ...(takesTails && { tail: body.subarray(middle) }) };
    },
    '/tail-large': async ({ takesTails }) => {
      const [body, tail] = [Buffer.alloc(LIMIT), Buffer.alloc(1)];
      return takesTails ? { body, tail } : Buffer.concat([body, tail]);
    },
    '/empty': async () => new Uint8Array(0),
    '/large': async () => Buffer.alloc(LIMIT + 1),
    '/forbidden': async () => Promise.reject(new MeshError(MeshCode.FORBIDDEN, 'not you: 不行')),
    '/throws': () => {
      throw new Error('broken');
    },
    '/settle': async (call) => this.answer(call.body),
    '/settle-late': (call) => new Promise((resolve) => this.gates.push(() => resolve(this.answer(call.body)))),
    '/settle-large': async () => this.answer(Buffer.alloc(LIMIT + 1)),
    '/sleep': async (call) => {
      await new Promise((resolve) => setTimeout(resolve, Number(call.body.toString())));
      return call.body;
    },
  };

  /** Lets the calls of `/wait` go on. */
  release(): void {
    for (const gate of this.gates.splice(0)) gate();
  }
}

/** What every transport does. @param make makes a transport whose limit is 2 MiB and that reconnects within 50 ms */
export function describeTransport(name: string, make: () => Transport): void {
  describe(name, () => {
    let transport: Transport;
    let service: TestService;
    let listener: Listener;
    let connection: Connection;
    const open: (Listener | Connection)[] = [];
    const dial = (address: string): Connection => {
      const dialled = transport.dial(address);
      open.push(dialled);
      return dialled;
    };
    const listen = async (port = 0): Promise<Listener> => {
      const listening = await transport.listen({ host: '127.0.0.1', port }, service.acceptor);
      open.push(listening);
      return listening;
    };

    beforeEach(async () => {
      transport = make();
      service = new TestService();
      listener = await listen();
      connection = dial(listener.address);
    });

    afterEach(() => {
      for (const each of open.splice(0)) each.destroy();
    });

    it('answers a call', async () => {
      const answer = await connection.call(outbound({ body: Buffer.from('ping') }));
      expect(Buffer.from(answer).toString()).toBe('ping');
      expect(connection.pending).toBe(0);
      await eventually('the listener has no call left', () => listener.pending === 0);
    });

    it('carries bytes in two parts, both ways, where it takes them so', async () => {
      for (const [head, rest] of [
        [0, 0],
        [10, 0],
        [0, 10],
        [10_000, 6_384],
        [10_000, 6_385],
        [0, 300_000],
        [9, 1_000_000],
      ]) {
        const all = randomBytes(head! + rest!);
        const [body, tail] = [all.subarray(0, head), all.subarray(head)];
        const parts = connection.takesTails ? { body, tail } : { body: all };
        const answer = await connection.call({ ...outbound({ path: '/tail' }), ...parts });
        expect(Buffer.compare(answer, all), `${head} and ${rest} bytes`).toBe(0);
      }
    });

    it('holds both parts together to the limit', async () => {
      const [body, tail] = [Buffer.alloc(LIMIT), Buffer.alloc(1)];
      const parts = connection.takesTails ? { body, tail } : { body: Buffer.concat([body, tail]) };
      expect((await caught(connection.call({ ...outbound(), ...parts }))).code).toBe(MeshCode.MESSAGE_TOO_LONG);
      const answer = await caught(connection.call(outbound({ path: '/tail-large' })));
      expect(answer.code).toBe(MeshCode.MESSAGE_TOO_LONG);
    });

    it('says where it listens', () => {
      expect(listener.address).toMatch(/^127\.0\.0\.1:\d+$/);
    });

    it('carries path, headers, deadline and peer to the handler', async () => {
      const headers = { 'mesh-urn': 'a.b.c', 'x-ptp-trace-id': 'trace 1', 'x-empty': '' };
      const call = outbound({ headers, timeoutMs: 60_000 });
      await connection.call(call);
      const [seen] = service.seen;
      expect(seen?.path).toBe('/echo');
      expect(seen?.headers).toMatchObject(headers);
      expect(Object.keys(seen?.headers ?? {}).filter((key) => key.startsWith(':') || key.startsWith('grpc-'))).toEqual(
        [],
      );
      expect(Object.getPrototypeOf(seen?.headers)).toBeNull();
      expect(seen?.peer).not.toBe('');
      if (seen?.deadline !== Infinity) expect(Math.abs((seen?.deadline ?? 0) - call.deadline)).toBeLessThan(20_000);
    });

    it('says no deadline for a call that has none', async () => {
      await connection.call({ ...outbound(), deadline: Infinity });
      expect(service.seen[0]?.deadline).toBe(Infinity);
    });

    it('tells the query from the path', async () => {
      await connection.call(outbound({ path: '/echo?timeout=5&a=b?c' }));
      expect(service.seen[0]).toMatchObject({ path: '/echo', query: 'timeout=5&a=b?c', method: 'POST' });
      await connection.call(outbound());
      expect(service.seen[1]?.query).toBe('');
    });

    it('says of an answer more than its bytes to who asks', async () => {
      const answer = await connection.exchange(outbound({ body: Buffer.from('ping') }));
      expect(Buffer.from(answer.body).toString()).toBe('ping');
      expect(answer.status).toBe(200);
      expect(answer.contentType).toMatch(/^application\//);
    });

    it('tells the handler that its answer has arrived', async () => {
      expect(await connection.call(outbound({ path: '/settle' }))).toHaveLength(5);
      await eventually('the answer is settled', () => service.settled.length === 1);
      expect(service.settled).toEqual([true]);
    });

    it('tells the handler that its caller went away before the answer', async () => {
      const cancellation = new Cancellation();
      const call = caught(connection.call(outbound({ path: '/settle-late', cancellation })));
      await eventually('the call has arrived', () => service.seen.length === 1);
      cancellation.cancel(new MeshError(MeshCode.CANCELLED));
      await call;
      await eventually('the handler is told', () => service.seen[0]?.cancellation.reason !== undefined);
      service.release();
      await eventually('the answer is settled', () => service.settled.length === 1);
      expect(service.settled).toEqual([false]);
    });

    it('tells the handler that its answer was refused', async () => {
      expect((await caught(connection.call(outbound({ path: '/settle-large' })))).code).toBe(MeshCode.MESSAGE_TOO_LONG);
      await eventually('the answer is settled', () => service.settled.length === 1);
      expect(service.settled).toEqual([false]);
    });

    it('shares no bytes between caller and handler', async () => {
      const body = Buffer.from('before');
      const answer = await connection.call(outbound({ body }));
      body.write('after!');
      expect(Buffer.from(answer).toString()).toBe('before');
      expect(Buffer.from(service.seen[0]?.body ?? []).toString()).toBe('before');
    });

    it.each([0, 1, 5, 16_379, 65_536, 1024 * 1024, LIMIT])('carries %i bytes there and back', async (size) => {
      const body = Buffer.alloc(size, 'mesh');
      const answer = await connection.call(outbound({ body }));
      expect(Buffer.compare(Buffer.from(answer), body)).toBe(0);
    });

    it('carries an empty answer', async () => {
      expect(await connection.call(outbound({ path: '/empty' }))).toHaveLength(0);
    });

    it('refuses a message over the limit, and lives on', async () => {
      const request = await caught(connection.call(outbound({ body: Buffer.alloc(LIMIT + 1) })));
      expect(request.code).toBe(MeshCode.MESSAGE_TOO_LONG);
      const answer = await caught(connection.call(outbound({ path: '/large' })));
      expect(answer.code).toBe(MeshCode.MESSAGE_TOO_LONG);
      expect(await connection.call(outbound())).toHaveLength(5);
    });

    it('carries many calls at a time, each with its own answer', { timeout: 30_000 }, async () => {
      const bodies = Array.from({ length: 500 }, (_, i) => Buffer.from(`call ${i} ${'x'.repeat(i * 7)}`));
      const answers = await Promise.all(bodies.map((body) => connection.call(outbound({ body }))));
      expect(answers.map((answer) => Buffer.from(answer).toString())).toEqual(bodies.map(String));
    });

    it('lets no call wait for another', async () => {
      const slow = connection.call(outbound({ path: '/wait' }));
      await eventually('the slow call has arrived', () => service.seen.length === 1);
      expect(await connection.call(outbound())).toHaveLength(5);
      expect(connection.pending).toBe(1);
      service.release();
      await slow;
    });

    it('ends a call at its deadline, for both sides', async () => {
      await connection.call(outbound());
      const error = await caught(connection.call(outbound({ path: '/never', timeoutMs: 500 })));
      expect(error.code).toBe(MeshCode.TIMEOUT);
      await eventually('the handler is told', () => service.seen[1]?.cancellation.reason !== undefined);
      await eventually('the listener has no call left', () => listener.pending === 0);
    });

    it('does not send a call whose deadline has passed', async () => {
      const error = await caught(connection.call(outbound({ timeoutMs: -1 })));
      expect(error).toMatchObject({ code: MeshCode.TIMEOUT, neverSent: true });
      expect(service.seen).toHaveLength(0);
    });

    it('cancels a call: the caller has its own reason at once, the handler is told', async () => {
      const cancellation = new Cancellation();
      const call = caught(connection.call(outbound({ path: '/never', cancellation })));
      await eventually('the call has arrived', () => service.seen.length === 1);
      const reason = new MeshError(MeshCode.CANCELLED, 'changed my mind');
      cancellation.cancel(reason);
      expect(await call).toBe(reason);
      expect(connection.pending).toBe(0);
      await eventually('the handler is told', () => service.seen[0]?.cancellation.reason !== undefined);
      expect(await connection.call(outbound())).toHaveLength(5);
    });

    it('does not send a call that was cancelled before', async () => {
      const cancellation = new Cancellation();
      const reason = new MeshError(MeshCode.CANCELLED, 'never mind');
      cancellation.cancel(reason);
      expect(await caught(connection.call(outbound({ cancellation })))).toBe(reason);
      expect(service.seen).toHaveLength(0);
    });

    it('says of an address where nobody listens that nothing was sent', async () => {
      const { address } = listener;
      listener.destroy();
      await eventually('closed', () => listener.pending === 0);
      const nobody = dial(address);
      // Were it told at the deadline only, the test would be over before.
      const error = await caught(nobody.call(outbound({ timeoutMs: 600_000 })));
      expect(error).toMatchObject({ code: MeshCode.ADDRESS_UNREACHABLE, neverSent: true });
      expect(error.message).toContain(address);
    });

    it('carries the code and the message of an error', async () => {
      const error = await caught(connection.call(outbound({ path: '/forbidden' })));
      expect(error.code).toBe(MeshCode.FORBIDDEN);
      expect(error.message).toContain('not you: 不行');
      expect(error.neverSent).toBe(false);
    });

    it('outlives a handler that throws', async () => {
      const error = await caught(connection.call(outbound({ path: '/throws' })));
      expect(error.code).toBe(MeshCode.SYSTEM_ERROR);
      expect(error.message).toContain('broken');
      expect(await connection.call(outbound())).toHaveLength(5);
    });

    it('says that nothing is served at an unknown path', async () => {
      const error = await caught(connection.call(outbound({ path: '/unknown' })));
      expect(error.code).toBe(MeshCode.NO_SERVICE);
      expect(error.message).toContain('/unknown');
    });

    it('fails the calls under way at once when the listener is destroyed', async () => {
      const calls = Array.from({ length: 20 }, () =>
        caught(connection.call(outbound({ path: '/never', timeoutMs: 600_000 }))),
      );
      await eventually('all calls have arrived', () => service.seen.length === 20);
      listener.destroy();
      for (const error of await Promise.all(calls)) {
        expect(error).toMatchObject({ code: MeshCode.UNREACHABLE, neverSent: false });
      }
      expect(service.seen.every((call) => call.cancellation.reason?.code === MeshCode.CANCELLED)).toBe(true);
      expect(connection.pending).toBe(0);
    });

    it('connects again after the listener has come back to its port', async () => {
      await connection.call(outbound());
      const port = Number(listener.address.split(':')[1]);
      await listener.close();
      expect((await caught(connection.call(outbound()))).neverSent).toBe(true);
      await listen(port);
      const answer = await retrying(() => connection.call(outbound()));
      expect(answer).toHaveLength(5);
    });

    it('closes a listener after the calls under way', async () => {
      const call = connection.call(outbound({ path: '/wait' }));
      await eventually('the call has arrived', () => service.seen.length === 1);
      let closed = false;
      const closing = listener.close().then(() => (closed = true));
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(closed).toBe(false);
      service.release();
      expect(await call).toHaveLength(5);
      await closing;
      expect(listener.close()).toBeInstanceOf(Promise);
    });

    it('closes a listener although connections to it are open and idle', async () => {
      await Promise.all(Array.from({ length: 5 }, () => connection.call(outbound())));
      await listener.close();
      expect(listener.pending).toBe(0);
    });

    it('loses no call when the listener closes while calls come in', async () => {
      const outcomes: (MeshError | number)[] = [];
      let going = true;
      const callers = Array.from({ length: 8 }, async () => {
        while (going) {
          const call = connection.call(outbound());
          outcomes.push(
            await call.then(
              (answer) => answer.length,
              (error: MeshError) => error,
            ),
          );
        }
      });
      await eventually('calls are coming in', () => outcomes.length > 50);
      await listener.close();
      going = false;
      await Promise.all(callers);
      const lost = outcomes.filter((outcome) => typeof outcome !== 'number' && !outcome.neverSent);
      expect(lost).toEqual([]);
    });

    it('closes a connection after its calls, and takes no more', async () => {
      const call = connection.call(outbound({ path: '/wait' }));
      await eventually('the call has arrived', () => service.seen.length === 1);
      let closed = false;
      const closing = connection.close().then(() => (closed = true));
      expect(await caught(connection.call(outbound()))).toMatchObject({
        code: MeshCode.ADDRESS_UNREACHABLE,
        neverSent: true,
      });
      expect(closed).toBe(false);
      service.release();
      expect(await call).toHaveLength(5);
      await closing;
    });

    it('destroys a connection with its calls', async () => {
      const call = caught(connection.call(outbound({ path: '/never' })));
      await eventually('the call has arrived', () => service.seen.length === 1);
      connection.destroy();
      connection.destroy();
      expect((await call).code).toBe(MeshCode.UNREACHABLE);
      await eventually('the handler is told', () => service.seen[0]?.cancellation.reason !== undefined);
      await connection.close();
    });

    it('says that an address is taken', async () => {
      const port = Number(listener.address.split(':')[1]);
      const error = await caught(transport.listen({ host: '127.0.0.1', port }, service.acceptor));
      expect(error.code).toBe(MeshCode.ADDRESS_UNREACHABLE);
      expect(error.message).toContain(`127.0.0.1:${port}`);
    });

    it('is closed by the pool when it was idle, and opened again', async () => {
      const pool = new ConnectionPool((_, address) => dial(address), { idleTimeoutMs: 40 });
      const first = pool.get({ address: listener.address });
      await first.call(outbound());
      expect(pool.get({ address: listener.address })).toBe(first);
      await eventually('the idle connection is closed', () => pool.size === 0);
      expect((await caught(first.call(outbound()))).neverSent).toBe(true);
      expect(await pool.get({ address: listener.address }).call(outbound())).toHaveLength(5);
      await pool.close();
    });
  });
}

/** Repeats what was never sent, for some seconds at most. */
async function retrying<T>(attempt: () => Promise<T>): Promise<T> {
  const end = Date.now() + 10_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end || !(error instanceof MeshError && error.neverSent)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
