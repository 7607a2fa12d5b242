import { type DynamicModule, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { meshMicroservice, MeshModule, type MeshOptions, MeshRegistrations, MeshServer } from 'nestjs-mesh';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPython, type Python, PythonScript, skipWithoutPython } from '../support/python.js';
import { rpcVectors } from '../support/vectors.js';
import { CALLS } from './calls.js';
import { type ConsumerApp, type ProviderApp, startConsumerAppAt, startProviderApp } from './nest-apps.js';
import { PythonParty } from './python-party.js';
import { CARRIED, EXPECTED, EXPECTED_OF_NEST, resultsOf } from './python-results.js';
import type { Answer } from './rpc-vectors.js';

/** The node that the application in Python registers at. */
const OF_PYTHON = { nodeId: 'LX0000010000290', instId: 'JG0100002900000000' };
/** The node that the Nest application registers at. */
const OF_NEST = { nodeId: 'LX0000010000280', instId: 'JG0100002800000000' };

const search = await findPython('imesh', 'mesh');

skipWithoutPython(search, 'applications in Nest and Python call each other through nodes');

interface Node {
  readonly app: INestMicroservice;
  readonly address: string;
}

class NodeModule {}

async function startNode(options: MeshOptions): Promise<Node> {
  const listen = { host: '127.0.0.1', port: 0, side: 'inner' } as const;
  const mesh = MeshModule.forRoot({ name: 'node', listen, node: {}, ...options });
  const module: DynamicModule = { module: NodeModule, imports: [mesh] };
  const app = await NestFactory.createMicroservice(module, { ...meshMicroservice(), logger: false });
  await app.listen();
  return { app, address: app.get(MeshServer).addresses[0]! };
}

/** Resolves once somebody has registered a service at a node. */
function registered({ app }: Node): Promise<void> {
  return new Promise((resolve) => {
    const unwatch = app.get(MeshRegistrations).watch(({ type }) => {
      if (type !== 'added') return;
      unwatch();
      resolve();
    });
  });
}

describe.each(search.found)('through nodes, with the reference Python SDK ($has)', (python: Python) => {
  let ofNest: Node;
  let ofPython: Node;
  let provider: ProviderApp;
  let script: PythonScript;
  let result: Awaited<ReturnType<typeof resultsOf>>;
  const consumers: ConsumerApp[] = [];

  beforeAll(async () => {
    ofNest = await startNode(OF_NEST);
    ofPython = await startNode({ ...OF_PYTHON, partners: [{ ...OF_NEST, address: ofNest.address }] });
    const both = [registered(ofNest), registered(ofPython)];
    const env = { MESH_ADDRESS: ofPython.address, MESH_REGISTER: '1', MESH_MODE: '0' };
    script = PythonScript.start(python, 'provider.py', [], env);
    provider = await startProviderApp({ ...OF_NEST, registry: { address: ofNest.address } });
    await script.ready();
    await Promise.all(both);
    consumers.push(await startConsumerAppAt(ofPython.address), await startConsumerAppAt(ofNest.address));
    result = await resultsOf(python, ofPython.address, ['', OF_NEST.nodeId]);
  });

  afterAll(async () => {
    for (const consumer of consumers) await consumer.close();
    await script?.stop();
    await provider?.close();
    await ofPython?.app.close();
    await ofNest?.app.close();
  });

  const vectors = rpcVectors().filter((vector) => vector.case in CALLS);

  it.each(vectors)('a Nest consumer calls a Python provider through the node: $case', async (vector) => {
    const { code, message, content } = JSON.parse(vector.reply) as Answer;
    const outcome = CALLS[vector.case]!(consumers[0]!.component);
    if (code === 'E0000000000') await expect(outcome).resolves.toEqual(content);
    else await expect(outcome).rejects.toMatchObject({ name: 'MeshError', code, message });
  });

  it.each(Object.entries(EXPECTED))(
    'a Python consumer calls a Python provider through the node: %s',
    (name, expected) => {
      expect(result(name, '')).toMatchObject(expected);
    },
  );

  it.each(Object.entries({ ...EXPECTED, ...EXPECTED_OF_NEST }))(
    'a Python consumer calls a Nest provider across two nodes: %s',
    (name, expected) => {
      expect(result(name, OF_NEST.nodeId)).toMatchObject(expected);
    },
  );

  it('a Python consumer stops waiting when its time is over', () => {
    expect(['E0000000601', 'DEADLINE_EXCEEDED']).toContain(result('deadline', '').code);
  });

  it('trace and attachments of a Python consumer arrive, and go on with what is called in turn', () => {
    for (const node of ['', OF_NEST.nodeId]) {
      expect(result('seen', node).value).toMatchObject({ ...CARRIED, span: '0' });
      expect(result('nested call', node).value).toMatchObject(CARRIED);
    }
  });
});

/** The generation that speaks the session API with headers; it ended with 0.0.29. */
const ofSessions = search.found.filter(({ has }) => has.includes(' 0.0.29.'));

describe.each(ofSessions)(
  'a session across two nodes, with the reference Python SDK ($has) at both',
  (python: Python) => {
    const nodes: Node[] = [];
    const parties: PythonParty[] = [];

    beforeAll(async () => {
      const first = await startNode(OF_NEST);
      const second = await startNode({ ...OF_PYTHON, partners: [{ ...OF_NEST, address: first.address }] });
      nodes.push(first, second);
      parties.push(...(await Promise.all(nodes.map(({ address }) => PythonParty.start(python, address, {})))));
    });

    afterAll(async () => {
      for (const party of parties) await party.stop();
      for (const { app } of nodes) await app.close();
    });

    it('carries what is pushed at the one to who pops at the other', async () => {
      const texts = Array.from({ length: 20 }, (_, index) => `节点5发送给节点4报文${index}`);
      const there = parties[0]!.open('across');
      const waiting = there.pop('话题', texts.length);
      await parties[1]!.open('across', OF_NEST.nodeId).push('话题', texts);
      expect(await waiting).toEqual(texts);
    });
  },
);
