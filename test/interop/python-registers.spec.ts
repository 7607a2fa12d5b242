import { type DynamicModule, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MeshClient, meshMicroservice, MeshModule, MeshRegistrations, MeshServer, type NodeOptions } from 'nestjs-mesh';
import type { RegistrationChange } from 'nestjs-mesh/spi';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findPython, type Python, PythonScript, skipWithoutPython } from '../support/python.js';
import { Kinds } from './kinds.js';

/** What `python/registry.py` prints for a case. */
interface Result {
  readonly case: string;
  readonly value?: unknown;
  readonly code?: string;
}

/** Longest lifetime that the node grants: the SDK asks for 30 s, and a test does not wait for so long. */
const LIFETIME_MS = 5_000;

const search = await findPython('imesh', 'mesh');

skipWithoutPython(search, 'the reference Python SDK registers at a Nest application');

class NodeModule {}

async function startNode(node: NodeOptions): Promise<INestMicroservice> {
  const listen = { host: '127.0.0.1', port: 0, side: 'inner' as const };
  const module: DynamicModule = {
    module: NodeModule,
    imports: [
      MeshModule.forRoot({ name: 'node', nodeId: 'LX0000010000280', listen, node }),
      MeshModule.forFeature([Kinds]),
    ],
  };
  const app = await NestFactory.createMicroservice(module, { ...meshMicroservice(), logger: false });
  await app.listen();
  return app;
}

describe.each(search.found)('the reference Python SDK ($has) registers at a Nest application', (python: Python) => {
  let node: INestMicroservice;
  let registrations: MeshRegistrations;
  let address: string;

  beforeEach(async () => {
    node = await startNode({ registry: { maxLifetimeMs: LIFETIME_MS } });
    registrations = node.get(MeshRegistrations);
    address = node.get(MeshServer).addresses[0]!;
  });

  afterEach(() => node?.close());

  /** The next change of a kind. */
  function next(type: RegistrationChange['type']): Promise<RegistrationChange> {
    return new Promise((resolve) => {
      const unwatch = registrations.watch((change) => {
        if (change.type !== type) return;
        unwatch();
        resolve(change);
      });
    });
  }

  it('is called there by its consumers, and is gone within its lifetime after it was killed', async () => {
    const [added, removed] = [next('added'), next('removed')];
    const env = { MESH_ADDRESS: address, MESH_REGISTER: '1', MESH_MODE: '0' };
    const script = PythonScript.start(python, 'provider.py', [], env);
    try {
      const provider = await script.ready();
      expect((await added).registration).toMatchObject({ instanceId: provider, name: 'vectors', address: provider });
      await expect(node.get(Kinds).big(7n)).resolves.toBe(7n);
      await expect(node.get(MeshClient).call('mesh.registry.export', { kind: 'metadata' })).resolves.toMatchObject([
        { instance_id: provider, timestamp: LIFETIME_MS },
      ]);
    } finally {
      await script.stop();
    }
    expect(await removed).toMatchObject({ reason: 'expired' });
    await expect(node.get(Kinds).big(7n)).rejects.toMatchObject({ code: 'E0000000602' });
  });

  it('and uses its registry as it would use its own', async () => {
    const script = PythonScript.start(python, 'registry.py', [address]);
    try {
      const results = new Map((await script.results<Result>()).map((result) => [result.case, result]));
      for (const name of ['put', 'puts', 'remove']) expect(results.get(name)).toMatchObject({ value: null });
      expect(results.get('export')).toMatchObject({ value: [] });
      expect(results.get('without a name')).toMatchObject({ code: 'E0000000400' });
      const [left, ...others] = await registrations.export();
      expect(left).toMatchObject({ instanceId: '10.0.0.7:2', name: 'mill', kind: 'complex', lifetimeMs: LIFETIME_MS });
      expect(registrations.providers('mill.turn')).toMatchObject([{ address: '10.0.0.7:2' }]);
      expect(others).toEqual([]);
    } finally {
      await script.stop();
    }
  });
});
