import { direct, MeshContext, Cancellation, RunMode } from 'nestjs-mesh';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPython, type Python, PythonScript, skipWithoutPython } from '../support/python.js';
import { rpcVectors } from '../support/vectors.js';
import { CALLS } from './calls.js';
import { type ConsumerApp, type ProviderApp, startConsumerApp, startProviderApp } from './nest-apps.js';
import { type Answer } from './rpc-vectors.js';

const search = await findPython('imesh', 'mesh');
const modes = ['unary', 'stream'] as const;

skipWithoutPython(search, 'a Nest consumer calls the reference Python SDK');

describe.each(search.found)('a Nest consumer calls the reference Python SDK ($has)', (python: Python) => {
  let script: PythonScript;
  let address: string;
  /** Called by the Python provider in turn. */
  let behind: ProviderApp;

  beforeAll(async () => {
    behind = await startProviderApp();
    script = PythonScript.start(python, 'provider.py', [], { MESH_ADDRESS: behind.address });
    address = await script.ready();
  });

  afterAll(async () => {
    await script?.stop();
    await behind?.close();
  });

  it('silently waiting for longer than a gRPC server takes pings', async () => {
    const consumer = await startConsumerApp(address, { keepaliveTimeMs: 20 });
    try {
      await expect(consumer.component.kinds.slow(400)).resolves.toBe('late');
    } finally {
      await consumer.close();
    }
  });

  describe.each(modes)('%s', (mode) => {
    let consumer: ConsumerApp;

    beforeAll(async () => {
      consumer = await startConsumerApp(address, { mode });
    });

    afterAll(() => consumer?.close());

    it.each(rpcVectors().filter((vector) => vector.case in CALLS))('$case', async (vector) => {
      const { code, message, content } = JSON.parse(vector.reply) as Answer;
      const outcome = CALLS[vector.case]!(consumer.component);
      if (code === 'E0000000000') await expect(outcome).resolves.toEqual(content);
      else await expect(outcome).rejects.toMatchObject({ name: 'MeshError', code, message });
    });

    it('empty collections and bytes', async () => {
      const { kinds } = consumer.component;
      await expect(kinds.collections([], {})).resolves.toEqual([]);
      await expect(kinds.binary(new Uint8Array())).resolves.toHaveLength(0);
    });

    it('a mebibyte', async () => {
      const data = new Uint8Array(1 << 20).fill(7);
      data[0] = 1;
      expect(Buffer.compare(await consumer.component.kinds.binary(data), data.toReversed())).toBe(0);
    });

    it.each([2n ** 63n - 1n, -(2n ** 63n), 9_007_199_254_740_993n, 0n])('the integer %s', async (i) => {
      await expect(consumer.component.kinds.big(i)).resolves.toBe(i);
    });

    it('many at a time', async () => {
      const numbers = Array.from({ length: 50 }, (_, i) => BigInt(i));
      await expect(Promise.all(numbers.map((i) => consumer.component.kinds.big(i)))).resolves.toEqual(numbers);
    });

    it('an unknown URN', async () => {
      await expect(consumer.component.missing.missing('s')).rejects.toMatchObject({ code: 'E0000000617' });
    });

    it('within a deadline', async () => {
      const hurried = direct(consumer.component.kinds, { timeoutMs: 150 });
      await expect(hurried.slow(400)).rejects.toMatchObject({ code: 'E0000000601' });
      await expect(consumer.component.kinds.nothing()).resolves.toBeNull();
    });

    it('with trace, node and attachments', async () => {
      const kinds = direct(consumer.component.kinds, { attachments: { tenant: 'seven' } });
      const seen = await within('7F00000142', () => kinds.seen());
      expect(seen).toMatchObject({ trace: '7F00000142', span: '0.1', source: 'LX0000000000000', tenant: 'seven' });
    });

    it('and is in turn called by it, in the same trace, with the same attachments', async () => {
      const relay = direct(consumer.component.relay, { attachments: { tenant: 'seven' } });
      const seen = await within('7F00000143', () => relay.seen());
      expect(seen).toMatchObject({ trace: '7F00000143', tenant: 'seven' });
      expect(seen).not.toHaveProperty('user-agent');
    });
  });
});

/** Runs a call as if it were made by the handler of a call in this trace. */
function within<T>(traceId: string, call: () => Promise<T>): Promise<T> {
  const nobody = { nodeId: '', instId: '' };
  const context = new MeshContext({
    traceId,
    spanId: '0',
    urn: '',
    service: 'vectors.test',
    runMode: RunMode.ROUTINE,
    source: nobody,
    target: nobody,
    attachments: {},
    deadline: Date.now() + 5_000,
    cancellation: new Cancellation(),
  });
  return context.run(call);
}
