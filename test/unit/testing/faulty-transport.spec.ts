import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Cancellation } from '../../../lib/context/cancellation.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import {
  type Fault,
  type FaultPlan,
  faultsAtRandom,
  faultsInTurn,
  FaultyTransport,
  MemoryNetwork,
  MemoryTransport,
  type PlannedCall,
} from '../../../lib/testing/index.js';
import type { Connection } from '../../../lib/transport/transport.js';
import { caught } from '../../support/caught.js';
import { eventually } from '../../support/eventually.js';
import { outbound, transportOptions } from '../../support/transport-fixtures.js';

interface Bench {
  readonly connection: Connection;
  readonly handled: () => number;
}

async function bench(plan: FaultPlan): Promise<Bench> {
  const transport = new FaultyTransport(new MemoryTransport(new MemoryNetwork(), transportOptions()), plan);
  let handled = 0;
  await transport.listen({ host: 'a', port: 1 }, () => async (call) => (handled++, call.body));
  return { connection: transport.dial('a:1'), handled: () => handled };
}

const planned = (index: number): PlannedCall => ({ index, address: 'a:1', path: '/x', headers: {} });

describe('a transport with faults', () => {
  it('passes calls', async () => {
    const { connection } = await bench(faultsInTurn('pass'));
    expect(await connection.call(outbound())).toHaveLength(5);
  });

  it('refuses calls, which are then not sent', async () => {
    const { connection, handled } = await bench(faultsInTurn('refuse', 'pass'));
    expect(await caught(connection.call(outbound()))).toMatchObject({
      code: MeshCode.ADDRESS_UNREACHABLE,
      neverSent: true,
    });
    expect(handled()).toBe(0);
    expect(await connection.call(outbound())).toHaveLength(5);
  });

  it('loses answers of calls that were handled', async () => {
    const { connection, handled } = await bench(faultsInTurn('lose'));
    expect(await caught(connection.call(outbound()))).toMatchObject({ code: MeshCode.UNREACHABLE, neverSent: false });
    expect(handled()).toBe(1);
  });

  it('delays calls, but not beyond deadline, cancellation and end', async () => {
    const { connection, handled } = await bench(faultsInTurn({ delayMs: 20 }, { delayMs: 10_000 }));
    expect(await connection.call(outbound())).toHaveLength(5);
    expect((await caught(connection.call(outbound({ timeoutMs: 30 })))).code).toBe(MeshCode.TIMEOUT);
    await connection.call(outbound());
    const cancellation = new Cancellation();
    const cancelled = caught(connection.call(outbound({ cancellation })));
    const reason = new MeshError(MeshCode.CANCELLED, 'never mind');
    cancellation.cancel(reason);
    expect(await cancelled).toBe(reason);
    await connection.call(outbound());
    const destroyed = caught(connection.call(outbound()));
    await eventually('it waits', () => connection.pending === 1);
    connection.destroy();
    expect((await destroyed).neverSent).toBe(true);
    expect(handled()).toBe(3);
  });

  it('never ends a delay before the deadline that ends it, though a timer comes too early', async () => {
    const { connection } = await bench(faultsInTurn({ delayMs: 10_000 }));
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const call = caught(connection.call(outbound({ timeoutMs: 30 })));
    await sleep(60);
    expect(connection.pending).toBe(1);
    vi.setSystemTime(Date.now() + 30);
    expect((await call).code).toBe(MeshCode.TIMEOUT);
  });

  it('closes after the calls that it delays', async () => {
    const { connection } = await bench(faultsInTurn({ delayMs: 20 }));
    const call = connection.call(outbound());
    await connection.close();
    expect(await call).toHaveLength(5);
    expect((await caught(connection.call(outbound()))).neverSent).toBe(true);
  });

  it('tells its plan of each call', async () => {
    const seen: PlannedCall[] = [];
    const { connection } = await bench((call) => (seen.push(call), 'pass'));
    await connection.call(outbound({ headers: { 'mesh-urn': 'a.b' } }));
    await connection.call(outbound());
    expect(seen.map(({ index, address, path }) => ({ index, address, path }))).toEqual([
      { index: 0, address: 'a:1', path: '/echo' },
      { index: 1, address: 'a:1', path: '/echo' },
    ]);
    expect(seen[0]?.headers['mesh-urn']).toBe('a.b');
  });
});

describe('faults at random', () => {
  const faults = (plan: FaultPlan): Fault[] => Array.from({ length: 2_000 }, (_, index) => plan(planned(index)));

  it('come in the shares asked for', () => {
    const drawn = faults(faultsAtRandom({ refuse: 0.2, lose: 0.1, delay: 0.3, delayMs: 7 }));
    const share = (wanted: (fault: Fault) => boolean): number => drawn.filter(wanted).length / drawn.length;
    expect(share((fault) => fault === 'refuse')).toBeCloseTo(0.2, 1);
    expect(share((fault) => fault === 'lose')).toBeCloseTo(0.1, 1);
    expect(share((fault) => typeof fault === 'object' && fault.delayMs === 7)).toBeCloseTo(0.3, 1);
  });

  it('are the same for the same seed', () => {
    const shares = { refuse: 0.5 };
    expect(faults(faultsAtRandom({ seed: 7, ...shares }))).toEqual(faults(faultsAtRandom({ seed: 7, ...shares })));
    expect(faults(faultsAtRandom({ seed: 8, ...shares }))).not.toEqual(faults(faultsAtRandom({ seed: 7, ...shares })));
  });
});
