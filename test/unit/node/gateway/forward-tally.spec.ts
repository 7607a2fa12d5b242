import { describe, expect, it } from 'vitest';
import { ForwardTally } from '../../../../lib/node/gateway/forward-tally.js';
import type { Destination } from '../../../../lib/node/gateway/destination.js';
import { routeTo, tableOf } from '../../../support/route-fixtures.js';

const instances = { to: 'instances', instances: [], query: { service: 's', target: {}, self: undefined } } as const;

async function partnerAt(nodeId: string): Promise<Extract<Destination, { readonly to: 'partner' }>> {
  const table = tableOf();
  await table.put(routeTo(nodeId));
  return { to: 'partner', partner: table.find({ nodeId }) };
}

describe('ForwardTally', () => {
  it('counts by where calls go, and what became of them', async () => {
    const tally = new ForwardTally();
    tally.begin(instances);
    const call = tally.begin(await partnerAt('LX2'));
    call.underWay--;
    call.failed++;
    expect(tally.figures()).toEqual({
      instances: { served: 0, failed: 0, underWay: 1 },
      partners: { LX2: { served: 0, failed: 1, underWay: 0 } },
    });
  });

  it('counts the calls of very many partners together', async () => {
    const tally = new ForwardTally();
    for (let n = 0; n < 1_100; n++) tally.begin(await partnerAt(`LY${n}`));
    const { partners } = tally.figures();
    expect(Object.keys(partners)).toHaveLength(1_025);
    expect(partners['others']).toMatchObject({ underWay: 76 });
  });
});
