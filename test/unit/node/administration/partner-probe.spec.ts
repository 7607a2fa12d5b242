import { describe, expect, it } from 'vitest';
import { PartnerProbe } from '../../../../lib/node/administration/partner-probe.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import { resolveMeshOptions } from '../../../../lib/options/resolve-options.js';

const [route] = resolveMeshOptions({ partners: [{ nodeId: 'LXB', address: 'b' }] }, {}).partners;
if (!route) throw new Error('the partner was not read');

describe('whether a partner answers', () => {
  it('is asked once for all who want to know, and again after a while', async () => {
    let asked = 0;
    const probe = new PartnerProbe({
      reach: async () => {
        asked++;
      },
    });
    const answers = await Promise.all(Array.from({ length: 100 }, () => probe.answers(route, 1_000)));
    expect(new Set(answers)).toEqual(new Set([true]));
    expect([asked, await probe.answers(route, 2_999), asked]).toEqual([1, true, 1]);
    await probe.answers(route, 3_000);
    expect(asked).toBe(2);
  });

  it.each([
    ['E0000000607', false],
    ['E0000000619', false],
    ['E0000000601', false],
    ['E0000000617', true],
    ['E0000000403', true],
  ])('is told by the error %s: %s', async (code, answers) => {
    const probe = new PartnerProbe({ reach: async () => Promise.reject(new MeshError(code, 'x')) });
    expect(await probe.answers(route)).toBe(answers);
  });
});
