import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPython, type Python, PythonScript, skipWithoutPython } from '../support/python.js';
import { rpcVectors } from '../support/vectors.js';
import { CALLS } from './calls.js';
import { type ConsumerApp, type ProviderApp, startConsumerApp, startProviderApp } from './nest-apps.js';
import { type Answer, essence, expectedAnswer, RPC_VECTORS } from './rpc-vectors.js';

/** What `python/raw.py call` prints for a recorded request. */
interface Exchange {
  readonly case: string;
  readonly unary: string;
  readonly stream: readonly string[];
}

const search = await findPython('grpcio', 'grpc');

skipWithoutPython(search, 'grpcio exchanges the recorded calls with Nest');

/** The recorded wire on another implementation of gRPC: compressed, and without the SDK. */
describe.each(search.found)('recorded calls through $has', (python: Python) => {
  describe('to a Nest provider', () => {
    let provider: ProviderApp;
    let exchanges: ReadonlyMap<string, Exchange>;

    beforeAll(async () => {
      provider = await startProviderApp();
      const script = PythonScript.start(python, 'raw.py', ['call', provider.address, RPC_VECTORS]);
      try {
        exchanges = new Map((await script.results<Exchange>()).map((exchange) => [exchange.case, exchange]));
      } finally {
        await script.stop();
      }
    });

    afterAll(() => provider?.close());

    it.each(rpcVectors())('$case', (vector) => {
      const { unary, stream } = exchanges.get(vector.case)!;
      const answers = [unary, ...stream].map((reply) => essence(JSON.parse(reply) as Answer));
      const expected = expectedAnswer(vector);
      expect(answers).toEqual([expected, expected, expected]);
    });
  });

  describe.each(['unary', 'stream'] as const)('from a Nest consumer, %s', (mode) => {
    let script: PythonScript;
    let consumer: ConsumerApp;

    beforeAll(async () => {
      script = PythonScript.start(python, 'raw.py', ['serve', RPC_VECTORS]);
      consumer = await startConsumerApp(await script.ready(), { mode });
    });

    afterAll(async () => {
      await consumer?.close();
      await script?.stop();
    });

    it.each(rpcVectors().filter((vector) => vector.case in CALLS))('$case', async (vector) => {
      const { code, message, content } = JSON.parse(vector.reply) as Answer;
      const outcome = CALLS[vector.case]!(consumer.component);
      if (code === 'E0000000000') await expect(outcome).resolves.toEqual(content);
      else await expect(outcome).rejects.toMatchObject({ code, message });
    });
  });
});
