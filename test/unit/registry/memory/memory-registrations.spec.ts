import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { resolveMeshOptions } from '../../../../lib/options/resolve-options.js';
import { MemoryRegistrations } from '../../../../lib/registry/memory/memory-registrations.js';
import type { RegistrationChange } from '../../../../lib/registry/registrations.js';
import { registrationOf } from '../../../support/registration-fixtures.js';

const APPLY = 'mesh.trust.apply';

describe('MemoryRegistrations', () => {
  let registrations: MemoryRegistrations;

  beforeEach(() => {
    vi.useFakeTimers();
    registrations = new MemoryRegistrations(resolveMeshOptions({ node: {} }, {}));
  });

  afterEach(async () => {
    await registrations.close();
    vi.useRealTimers();
  });

  const count = (): number => registrations.providers(APPLY).length;

  it('keeps an instance that renews as the SDKs do, when its lifetime is over, a little late', async () => {
    const registration = registrationOf('a:1', [APPLY], { lifetimeMs: 30_000 });
    const changes: RegistrationChange[] = [];
    registrations.watch((change) => changes.push(change));
    for (let renewal = 0; renewal < 10; renewal++) {
      await registrations.put(registration);
      vi.advanceTimersByTime(31_000);
    }
    expect(changes).toMatchObject([{ type: 'added' }]);
    vi.advanceTimersByTime(3_999);
    expect(count()).toBe(1);
    vi.advanceTimersByTime(1);
    expect(count()).toBe(0);
    expect(changes).toMatchObject([{ type: 'added' }, { type: 'removed', reason: 'expired' }]);
  });

  it('gives a short lifetime a sixth more', async () => {
    await registrations.put(registrationOf('a:1', [APPLY], { lifetimeMs: 600 }));
    vi.advanceTimersByTime(699);
    expect(count()).toBe(1);
    vi.advanceTimersByTime(1);
    expect(count()).toBe(0);
  });

  it('needs one timer for 10,000 registrations, and leaves nothing of them', async () => {
    const addresses = Array.from({ length: 10_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}:7304`);
    for (const address of addresses) await registrations.put(registrationOf(address, [APPLY, 'mesh.trust.verify']));
    expect(vi.getTimerCount()).toBe(1);
    expect(count()).toBe(10_000);
    vi.advanceTimersByTime(35_000);
    expect(vi.getTimerCount()).toBe(0);
    expect([count(), registrations.providers('mesh.trust.verify').length]).toEqual([0, 0]);
    expect(await registrations.export()).toEqual([]);
    await registrations.puts(addresses.map((address) => registrationOf(address, [APPLY])));
    expect(count()).toBe(10_000);
  });

  it('takes nothing once it is closed', async () => {
    await registrations.close();
    await expect(registrations.put(registrationOf('a:1', [APPLY]))).rejects.toMatchObject({ code: 'E0000000607' });
    expect(vi.getTimerCount()).toBe(0);
  });
});
