import { describe, expect, it } from 'vitest';
import { sideOf } from '../../../support/administration-fixtures.js';
import { caught } from '../../../support/caught.js';

const side = () => sideOf('LXA', async () => ({ code: 'E0000000000' }));
const toB = { node_id: 'LXB', address: 'b:1' };

describe('routes by hand', () => {
  it.each<readonly [what: string, before: number | undefined, said: number | undefined, status: number]>([
    ['new, woven', undefined, undefined, 6],
    ['new, woven, as SDKs send what they do not know', undefined, 0, 6],
    ['disabled and woven', undefined, 32, 38],
    ['refused', undefined, 512, 516],
    ['waiting, as they say', undefined, 128, 132],
    ['again, connected as before', 7, undefined, 7],
    ['again, disabled as before', 38, 0, 38],
    ['enabled again', 38, 6, 6],
    ['woven, whoever had asked', 128, 0, 6],
    ['woven, whoever was asked', 17, 0, 7],
    ['woven, though refused before', 516, 0, 6],
  ])('are %s', async (_, before, said, status) => {
    const { routes, partners, ...node } = side();
    if (before !== undefined) {
      await routes.refresh([toB], 'o');
      const route = partners.route('LXB')!;
      await partners.put({ ...route, details: { ...route.details, status: before } });
    }
    await routes.refresh([{ ...toB, status: said }], 'o');
    expect(node.status('LXB')).toBe(status);
  });

  it('are read before the first is taken, and taken each by itself', async () => {
    const { routes, partners } = side();
    expect(await caught(routes.refresh([toB, { ...toB, address: '?' }], 'o'))).toMatchObject({ code: 'E0000000400' });
    expect(partners.list()).toEqual([]);
    const oneself = { node_id: 'LXA', address: 'a:1' };
    expect(await caught(routes.refresh([oneself, toB], 'o'))).toMatchObject({ code: 'E0000000400' });
    expect(partners.list()).toHaveLength(1);
  });

  it('are at most so many at once', async () => {
    const { routes, partners } = side();
    const some = (count: number) => Array.from({ length: count }, (_, index) => ({ ...toB, node_id: `LX${index}` }));
    expect(await caught(routes.refresh(some(1_025), 'o'))).toMatchObject({ code: 'E0000000413' });
    await routes.refresh(some(1_024), 'o');
    expect(partners.list()).toHaveLength(1_024);
  });

  it('keep the secrets that are not said anew, and show none', async () => {
    const { routes, partners } = side();
    await routes.refresh([{ ...toB, auth_code: 'secret', host_key: 'secret' }], 'o');
    await routes.refresh(routes.edges(), 'o');
    expect(partners.route('LXB')!.details).toMatchObject({ authCode: 'secret', hostKey: 'secret' });
    expect(JSON.stringify([routes.edges(), routes.edge('LXB')])).not.toContain('secret');
  });

  it('are no list', async () => {
    for (const wrong of [undefined, null, 'x', {}]) {
      expect(await caught(side().routes.refresh(wrong, 'o'))).toMatchObject({ code: 'E0000000400' });
    }
  });
});
