import { describe, expect, it } from 'vitest';
import { MeshError } from '../../lib/errors/mesh-error.js';
import type { Instance, Registry } from '../../lib/registry/registry.js';

/** A registry under test, and the facts that it was filled with. */
export interface RegistryUnderTest {
  readonly registry: Registry;
  /** A service with instances at `addresses`, all of the node `nodeId`. */
  readonly service: string;
  readonly nodeId: string;
  readonly addresses: readonly string[];
  /** A node that is not in the network; no forwarding node is known. */
  readonly strangerId: string;
}

/** What every registry keeps. */
export function registryContract(name: string, make: () => RegistryUnderTest | Promise<RegistryUnderTest>): void {
  describe(`registry contract: ${name}`, () => {
    const self: Instance = { address: '127.0.0.1:1', nodeId: '', instId: '', subset: '' };

    it('finds the instances of a service at its node, whatever the case of the id', async () => {
      const { registry, service, nodeId, addresses } = await make();
      for (const id of [nodeId, nodeId.toLowerCase(), nodeId.toUpperCase()]) {
        const found = await registry.resolve({ service, target: { nodeId: id }, self: undefined });
        expect(found.map(({ address }) => address).toSorted()).toEqual(addresses.toSorted());
      }
    });

    it('says which node an instance belongs to, or that it does not know', async () => {
      const { registry, service, nodeId } = await make();
      for (const instance of await registry.resolve({ service, target: { nodeId }, self: undefined })) {
        expect(['', nodeId]).toContain(instance.nodeId);
        expect(instance.instId).toBeTypeOf('string');
        expect(instance.subset).toBeTypeOf('string');
      }
    });

    it('answers the same array while nothing has changed, and nobody can change it', async () => {
      const { registry, service, nodeId } = await make();
      const query = { service, target: { nodeId }, self: undefined };
      const first = await registry.resolve(query);
      expect(await registry.resolve({ ...query })).toBe(first);
      expect(Object.isFrozen(first)).toBe(true);
    });

    it('finds the very address asked for', async () => {
      const { registry, service } = await make();
      const found = await registry.resolve({ service, target: { address: '10.9.8.7:6543' }, self });
      expect(found.map(({ address }) => address)).toEqual(['10.9.8.7:6543']);
    });

    it('finds this very process when only that provides the service', async () => {
      const { registry } = await make();
      expect(await registry.resolve({ service: 'nobody.else.has', target: {}, self })).toEqual([self]);
    });

    it('finds nobody for a service that nobody provides', async () => {
      const { registry } = await make();
      expect(await registry.resolve({ service: 'nobody.has', target: {}, self: undefined })).toEqual([]);
    });

    it('refuses a node that is not in the network with E0000000618, naming it', async () => {
      const { registry, service, strangerId } = await make();
      const resolve = async () => registry.resolve({ service, target: { nodeId: strangerId }, self: undefined });
      const error = await resolve().catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(MeshError);
      expect(error).toMatchObject({ code: 'E0000000618', message: expect.stringContaining(strangerId) as string });
    });
  });
}
