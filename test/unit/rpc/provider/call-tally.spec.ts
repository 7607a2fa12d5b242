import { describe, expect, it } from 'vitest';
import { CallTally } from '../../../../lib/rpc/provider/call-tally.js';
import type { ProviderService } from '../../../../lib/rpc/provider/provider-service.js';

const service = (name: string): ProviderService => ({
  service: name,
  provider: name,
  wire: undefined,
  timeoutMs: undefined,
  invoke: async () => null,
});

describe('the tally of calls', () => {
  it('counts by service', () => {
    const tally = new CallTally();
    const [a, b] = [service('a'), service('b')];
    const first = tally.begin(a);
    first.served++;
    first.underWay--;
    tally.begin(a).failed++;
    tally.begin(b);
    expect(tally.list()).toEqual([
      ['a', { served: 1, failed: 1, underWay: 1 }],
      ['b', { served: 0, failed: 0, underWay: 1 }],
    ]);
  });

  it('counts bytes', () => {
    const tally = new CallTally();
    tally.answered(2, 3);
    tally.answered(2, 3);
    expect(tally).toMatchObject({ receivedBytes: 4, sentBytes: 6 });
  });
});
