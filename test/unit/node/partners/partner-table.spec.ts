import { Logger } from '@nestjs/common';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type PartnerRoute, type RouteChange, RouteStatus } from '../../../../lib/node/partners/partner-route.js';
import type { PartnerTarget } from '../../../../lib/node/partners/partners.js';
import { caught } from '../../../support/caught.js';
import { thrownBy } from '../../../support/dialect-fixtures.js';
import { OWN, routeTo, tableOf } from '../../../support/route-fixtures.js';

const { WEAVED, ASKING, APPROVING, CONNECTED, DISABLED, REMOVED, REJECTED, BY_HAND } = RouteStatus;

/** Something that a test ends when it wants to. */
function latch(): { readonly promise: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open: () => open() };
}

describe('PartnerTable', () => {
  describe('finds', () => {
    const table = tableOf();
    table.lay('options', [
      routeTo('LX2', { instId: 'JG2' }),
      routeTo('LX3', { instId: 'JG3' }),
      routeTo('LX4', { instId: 'jg3' }),
      routeTo('LX5'),
    ]);

    it.each<[string, PartnerTarget, string]>([
      ['a node', { nodeId: 'LX2' }, 'LX2'],
      ['a node in another case', { nodeId: 'lX2', instId: '' }, 'LX2'],
      ['a node before its institution', { nodeId: 'LX5', instId: 'JG2' }, 'LX5'],
      ['an institution', { instId: 'jg2' }, 'LX2'],
      ['the first node of an institution with two', { nodeId: '', instId: 'Jg3' }, 'LX3'],
      ['the institution of a node that is not known', { nodeId: 'LX9', instId: 'JG2' }, 'LX2'],
    ])('%s', (_, target, nodeId) => {
      expect(table.find(target).route.nodeId).toBe(nodeId);
      expect(table.knows(target)).toBe(true);
    });

    it.each<[string, PartnerTarget, string]>([
      ['no node', { nodeId: 'LX9' }, `the node "LX9" is not in the network: no partner has this id`],
      [
        'no node of an institution neither of which is known',
        { nodeId: 'LX9', instId: 'JG9' },
        `the node "LX9" is not`,
      ],
      ['no institution', { instId: 'JG9' }, `the institution "JG9" is not`],
      ['no name of every object', { nodeId: 'constructor' }, `the node "constructor" is not`],
      ['no line break', { nodeId: 'a\r\nb' }, `the node "a\\r\\nb" is not`],
      ['nothing for nobody', {}, `the institution "" is not`],
    ])('%s', (_, target, message) => {
      const error = thrownBy(() => table.find(target));
      expect(error.code).toBe('E0000000618');
      expect(error.message).toContain(message);
      expect(table.knows(target)).toBe(false);
    });
  });

  it.each<[string, object, string, string]>([
    ['removed', { status: REMOVED | WEAVED }, 'E0000000618', 'its route is removed'],
    ['rejected', { status: REJECTED }, 'E0000000618', 'the one side has rejected the other'],
    ['asked', { status: ASKING | BY_HAND }, 'E0000000618', 'it is not woven yet, and has not answered'],
    ['asking', { status: APPROVING | CONNECTED }, 'E0000000618', 'it is not woven yet, and its request'],
    ['disabled', { status: DISABLED | WEAVED }, 'E0000000606', "the node 'LX2' is disabled"],
    ['expired', { expireAt: 1_000 }, 'E0000000605', 'has expired at 1970-01-01T00:00:01.000Z'],
  ])('has no partner that is %s', async (_, details, code, message) => {
    const table = tableOf();
    await table.put(routeTo('LX2', { instId: 'JG2' }, details));
    for (const target of [{ nodeId: 'LX2' }, { instId: 'JG2' }]) {
      const error = thrownBy(() => table.find(target));
      expect(error.code).toBe(code);
      expect(error.message).toContain(message);
      expect(table.knows(target)).toBe(true);
    }
  });

  it.each([
    ['woven while asked anew', { status: WEAVED | ASKING }],
    ['connected only', { status: CONNECTED }],
    ['to expire later', { expireAt: Date.now() + 3_600_000 }],
  ])('has a partner that is %s', async (_, details) => {
    const table = tableOf();
    await table.put(routeTo('LX2', {}, details));
    expect(table.find({ nodeId: 'LX2' }).route.nodeId).toBe('LX2');
  });

  it('lets the next node of an institution stand for it when the first cannot', async () => {
    const table = tableOf();
    for (const id of ['LX2', 'LX3']) await table.put(routeTo(id, { instId: 'JG2' }));
    await table.put(routeTo('LX2', { instId: 'JG2' }, { status: DISABLED }));
    expect(table.find({ instId: 'JG2' }).route.nodeId).toBe('LX3');
    await table.put(routeTo('LX2', { instId: 'JG2' }));
    expect(table.find({ instId: 'JG2' }).route.nodeId).toBe('LX2');
    await table.put(routeTo('LX2', { instId: 'JG7' }));
    expect(table.find({ instId: 'JG2' }).route.nodeId).toBe('LX3');
    expect(table.find({ instId: 'jg7' }).route.nodeId).toBe('LX2');
    await table.remove('lx3');
    expect(table.knows({ instId: 'JG2' })).toBe(false);
  });

  it('keeps order, and tells what has changed', async () => {
    const table = tableOf();
    const changes: RouteChange[] = [];
    const logged = vi.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    onTestFinished(() => logged.mockRestore());
    const end = table.watch((change) => changes.push(change));
    table.watch(() => {
      throw new Error('not the concern of others');
    });
    const [two, three, other] = [routeTo('LX2'), routeTo('LX3'), routeTo('lx2', { address: 'b:1' })];
    await table.put(two);
    await table.put(three);
    await table.put(other);
    await table.put({ ...other });
    expect(table.list()).toEqual([other, three]);
    expect(table.route('LX2')).toEqual(other);
    expect([await table.remove('LX2'), await table.remove('LX2')]).toEqual([true, false]);
    end();
    await table.put(two);

    expect(changes).toEqual([
      { type: 'added', route: two },
      { type: 'added', route: three },
      { type: 'updated', route: other, before: two },
      { type: 'removed', route: other },
    ]);
    expect(logged).toHaveBeenCalledWith('a watcher of partners failed', expect.any(Error));
    expect(table.list()).toEqual([three, two]);
    expect(table.route('LX9')).toBeUndefined();
  });

  it('keeps what it has learnt of the addresses while the way stays the same', async () => {
    const table = tableOf();
    await table.put(routeTo('LX2', { address: 'a:1,b:1' }));
    const partner = table.find({ nodeId: 'LX2' });
    partner.addresses.answered('b:1');
    await table.put(routeTo('LX2', { address: 'a:1,b:1' }, { name: 'two', status: DISABLED }));
    await table.put(routeTo('LX2', { address: 'a:1,b:1' }, { name: 'two' }));
    expect(table.find({ nodeId: 'LX2' })).toBe(partner);

    await table.put(routeTo('LX2', { address: 'a:1,b:1', timeoutMs: 5 }));
    expect(table.find({ nodeId: 'LX2' })).not.toBe(partner);
    expect(partner.addresses.inOrder()).toEqual(['b:1', 'a:1']);
  });

  it.each<[string, PartnerRoute, string]>([
    ['to itself', routeTo(OWN.toLowerCase()), "'lx1' is this node itself: a node has no route to itself"],
    ['without an address', routeTo('LX2', { address: '' }), "the route to the node 'LX2' has no address"],
    ['with an address that is none', { ...routeTo('LX2'), addresses: ['a:1', 'http://b'] }, '"http://b" of the node'],
    ['with an address without a port', { ...routeTo('LX2'), addresses: ['a'] }, 'host:port is expected'],
    ['without a node', { ...routeTo('LX2'), nodeId: '' }, 'a route needs the id of a node'],
  ])('takes no route %s', async (_, route, message) => {
    const table = tableOf();
    const error = await caught(table.put(route));
    expect(error.code).toBe('E0000000400');
    expect(error.message).toContain(message);
    expect(table.list()).toEqual([]);
  });

  it('lets nobody change what options or a file say', async () => {
    const table = tableOf();
    table.lay('options', [routeTo('LX2')]);
    table.lay('file', [routeTo('LX3')]);
    for (const [id, where] of [
      ['lx2', "the option 'partners'"],
      ['LX3', 'the file of routes'],
    ] as const) {
      for (const change of [table.put(routeTo(id)), table.remove(id)]) {
        const error = await caught(change);
        expect(error.code).toBe('E0000000614');
        expect(error.message).toContain(where);
      }
    }
    expect(table.list().map(({ nodeId, origin }) => [nodeId, origin])).toEqual([
      ['LX2', 'options'],
      ['LX3', 'file'],
    ]);
  });

  it('puts a route of administration in force again once the file lets go of its node', async () => {
    const kept: (readonly PartnerRoute[])[] = [];
    const table = tableOf({ keep: async (routes) => void kept.push(routes) });
    const [ours, theirs] = [routeTo('LX2', { address: 'ours:1' }), routeTo('LX2', { address: 'file:1' })];
    await table.put(ours);
    const changes: string[] = [];
    table.watch(({ type, route }) => changes.push(`${type} ${route.addresses[0]}`));
    table.lay('file', [theirs, routeTo('LX3')]);
    expect(table.route('LX2')).toEqual({ ...theirs, origin: 'file' });
    await table.put(routeTo('LX4'));
    expect(kept.at(-1)?.map(({ nodeId }) => nodeId)).toEqual(['LX2', 'LX4']);
    table.lay('file', []);
    expect(table.route('LX2')).toEqual(ours);
    expect(changes).toEqual(['updated file:1', 'added lx3:1', 'added lx4:1', 'updated ours:1', 'removed lx3:1']);
  });

  it('lays all routes of an origin, or none', () => {
    const table = tableOf();
    table.lay('file', [routeTo('LX2')]);
    const wrong = [
      [routeTo('LX3'), routeTo('lx3')],
      [routeTo('LX3'), routeTo(OWN)],
    ];
    for (const routes of wrong) expect(thrownBy(() => table.lay('file', routes)).code).toBe('E0000000400');
    expect(table.list().map(({ nodeId }) => nodeId)).toEqual(['LX2']);
  });

  it('has room for 10,000 routes', async () => {
    const table = tableOf();
    await Promise.all(Array.from({ length: 10_000 }, (_, n) => table.put(routeTo(`N${n}`))));
    expect((await caught(table.put(routeTo('N10000')))).code).toBe('E0000000700');
    await table.put(routeTo('N1', { address: 'b:1' }));
    await table.remove('N2');
    await table.put(routeTo('N10000'));
    expect(table.list()).toHaveLength(10_000);
  });

  it('has room for 128 MiB', async () => {
    const table = tableOf();
    const pem = 'x'.repeat(32_768);
    const heavy = { hostRoot: pem, hostKey: pem, hostCrt: pem, guestRoot: pem, guestKey: pem, guestCrt: pem };
    const puts = await Promise.allSettled(
      Array.from({ length: 700 }, (_, n) => table.put(routeTo(`N${n}`, { instId: 'JG' }, heavy))),
    );
    expect(puts.filter(({ status }) => status === 'fulfilled')).toHaveLength(Math.floor((128 * 1_024) / 192));
  });

  describe('that keeps its routes', () => {
    it('makes no change until it is kept, and keeps what came meanwhile all at once', async () => {
      const writes: { routes: string[]; done: ReturnType<typeof latch> }[] = [];
      const table = tableOf({
        keep: (routes) => {
          const done = latch();
          writes.push({ routes: routes.map(({ nodeId }) => nodeId), done });
          return done.promise;
        },
      });
      const first = table.put(routeTo('LX2'));
      const others = [table.put(routeTo('LX3')), table.put(routeTo('LX4')), table.remove('LX2')];
      expect(table.list()).toEqual([]);
      writes[0]?.done.open();
      await first;
      expect(table.list().map(({ nodeId }) => nodeId)).toEqual(['LX2']);
      writes[1]?.done.open();
      expect(await Promise.all(others)).toEqual([undefined, undefined, true]);
      expect(writes.map(({ routes }) => routes)).toEqual([['LX2'], ['LX3', 'LX4']]);
      expect(table.list().map(({ nodeId }) => nodeId)).toEqual(['LX3', 'LX4']);
    });

    it('stays as it was when they cannot be kept', async () => {
      let disk: 'full' | 'free' = 'free';
      const table = tableOf({
        keep: async () => {
          if (disk === 'full') throw new Error('ENOSPC');
        },
      });
      const before = routeTo('LX2');
      await table.put(before);
      const changes: RouteChange[] = [];
      table.watch((change) => changes.push(change));
      disk = 'full';
      const tries = [table.put(routeTo('LX2', { address: 'b:1' })), table.put(routeTo('LX3')), table.remove('LX2')];
      for (const one of await Promise.allSettled(tries)) expect(one.status).toBe('rejected');
      expect([table.list(), changes]).toEqual([[before], []]);
      disk = 'free';
      await table.put(routeTo('LX3'));
      expect(table.list()).toHaveLength(2);
    });

    it('writes nothing when nothing changes', async () => {
      let writes = 0;
      const table = tableOf({ keep: async () => void writes++ });
      await table.put(routeTo('LX2'));
      await table.put(routeTo('LX2'));
      await table.remove('LX9');
      expect(writes).toBe(1);
    });
  });
});
