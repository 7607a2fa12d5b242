import { describe, expect, it } from 'vitest';
import type { CallOutcome } from '../../../../lib/balance/balancer.js';
import { RoundRobinBalancer } from '../../../../lib/balance/round-robin/round-robin-balancer.js';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import { InstanceCaller } from '../../../../lib/node/gateway/instance-caller.js';
import type { Instance, ServiceQuery } from '../../../../lib/registry/registry.js';
import { SubsetRouter } from '../../../../lib/routing/subset/subset-router.js';
import { freezeDate } from '../../../support/frozen-date.js';

const query: ServiceQuery = { service: 'mesh.trust.apply', target: {}, self: undefined };
const [a, b, c] = ['a:1', 'b:2', 'c:3'].map((address): Instance => ({
  address,
  nodeId: '',
  instId: '',
  subset: address.slice(0, 1),
})) as [Instance, Instance, Instance];

const refused = new MeshError(MeshCode.ADDRESS_UNREACHABLE, 'refused', { neverSent: true });

function caller(): InstanceCaller {
  return new InstanceCaller({ routers: [new SubsetRouter()], balancer: new RoundRobinBalancer() });
}

describe('InstanceCaller', () => {
  it('takes instances in turn', async () => {
    const instances = Object.freeze([a, b, c]);
    const chosen = caller();
    const calls = [1, 2, 3].map(() => chosen.call(instances, query, 1_000, async ({ address }) => address));
    expect((await Promise.all(calls)).toSorted()).toEqual(['a:1', 'b:2', 'c:3']);
  });

  it('keeps to the subset that the call asks for', async () => {
    const asked = { ...query, target: { subset: 'b' } };
    expect(await caller().call([a, b, c], asked, 1_000, async ({ address }) => address)).toBe('b:2');
    await expect(
      caller().call([a, b], { ...query, target: { subset: 'z' } }, 1_000, async () => 0),
    ).rejects.toMatchObject({
      code: MeshCode.NO_INSTANCE,
      message: expect.stringContaining("subset 'z'") as string,
    });
  });

  it('tries others while the call was never sent', async () => {
    const tried: string[] = [];
    const answer = await caller().call([a, b, c], query, 1_000, async ({ address }) => {
      tried.push(address);
      if (tried.length < 3) throw refused;
      return address;
    });
    expect(tried.toSorted()).toEqual(['a:1', 'b:2', 'c:3']);
    expect(answer).toBe(tried[2]);
  });

  it('tells why, when none takes it', async () => {
    const call = caller().call([a, b], query, 1_000, async () => Promise.reject(refused));
    await expect(call).rejects.toMatchObject({
      code: MeshCode.NO_INSTANCE,
      neverSent: true,
      message: "there is no instance of 'mesh.trust.apply': none takes the call: refused; refused",
    });
  });

  it.each([
    new MeshError(MeshCode.UNREACHABLE, 'lost'),
    new MeshError(MeshCode.TIMEOUT, 'late', { neverSent: true }),
    new MeshError(MeshCode.INVALID_REQUEST, 'unsendable', { neverSent: true }),
  ])('tries no other after: $message', async (error) => {
    let tries = 0;
    const call = caller().call([a, b], query, 1_000, async () => {
      tries++;
      throw error;
    });
    await expect(call).rejects.toBe(error);
    expect(tries).toBe(1);
  });

  it('leaves each instance its share of the time to take a connection', async () => {
    freezeDate();
    const shares: number[] = [];
    const call = caller().call([a, b, c], query, 1_000, async (_, connectBy) => {
      shares.push(connectBy - Date.now());
      throw refused;
    });
    await expect(call).rejects.toMatchObject({ code: MeshCode.NO_INSTANCE });
    expect(shares.map(Math.round)).toEqual([267, 400, 800]);
  });

  it('tells the balancer how each attempt went', async () => {
    const outcomes: (CallOutcome & { readonly address: string })[] = [];
    const chosen = new InstanceCaller({
      routers: [],
      balancer: {
        pick: ([instance]) => ({
          instance: instance!,
          done: (outcome) => outcomes.push({ ...outcome, address: instance!.address }),
        }),
      },
    });
    await chosen.call([a, b], query, 1_000, async ({ address }) =>
      address === 'a:1' ? Promise.reject(refused) : address,
    );
    expect(outcomes).toEqual([
      { address: 'a:1', durationMs: expect.any(Number) as number, error: refused },
      { address: 'b:2', durationMs: expect.any(Number) as number },
    ]);
  });
});
