import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RpcVector, rpcVectors } from '../support/vectors.js';
import { CALLS } from './calls.js';
import { type ConsumerApp, startConsumerApp } from './nest-apps.js';
import { type Received, ReplayServer } from './replay-server.js';
import { type Answer, parseExactly } from './rpc-vectors.js';

/**
 * Attachments that the reference SDK's providers read. They take the caller from `mesh-provider`, and those of the asyncio
 * generation fail where it is absent; the URN they take from the metadata, and `mesh-consumer` they overwrite.
 */
const NEEDED_ATTACHMENTS = ['x-ptp-trace-id', 'mesh-span-id', 'mesh-timestamp', 'mesh-run-mode', 'mesh-provider'];

/** What the reference SDK answered, answered again with plain grpc-js, and what our consumer asks and makes of it. */
describe.each(['unary', 'stream'] as const)(
  'a recorded reply of the reference SDK, to a Nest consumer (%s)',
  (mode) => {
    let server: ReplayServer;
    let consumer: ConsumerApp;

    beforeAll(async () => {
      server = await ReplayServer.start();
      consumer = await startConsumerApp(server.address, { mode });
    });

    afterAll(async () => {
      await consumer?.close();
      server?.stop();
    });

    const recorded = rpcVectors().filter((vector) => vector.case in CALLS);

    describe.each(recorded)('$case', (vector) => {
      it('becomes the value or the error', async () => {
        const { received, ...outcome } = await exchange(vector);
        expect(received).toHaveLength(1);
        expect(outcome).toEqual(expectedOutcome(vector));
      });

      it('is asked for with the recorded arguments, metadata and attachments', async () => {
        const { received } = await exchange(vector);
        const { attachments: asked, ...args } = parseExactly(received[0]!.request);
        const { attachments: _, ...recordedArgs } = parseExactly(vector.request);
        expect(args).toEqual(recordedArgs);
        expect(Object.keys(asked as object)).toEqual(expect.arrayContaining(NEEDED_ATTACHMENTS));
        expect(Object.values(asked as object).every((value) => typeof value === 'string')).toBe(true);
        expectMetadata(received[0]!, vector);
      });
    });

    it('that is no answer becomes an error', async () => {
      server.replyWith('{"code": ');
      await expect(consumer.component.kinds.nothing()).rejects.toMatchObject({ code: 'E0000000616' });
    });

    it('that is unknown URN becomes E0000000617', async () => {
      const unknown = rpcVectors().find((vector) => vector.case === 'unknown urn')!;
      server.replyWith(unknown.reply);
      await expect(consumer.component.missing.missing('s')).rejects.toMatchObject({
        code: 'E0000000617',
        message: 'No mpi named vectors.kinds.missing.',
      });
    });

    interface Outcome {
      readonly value?: unknown;
      readonly error?: { readonly code: unknown; readonly message: unknown };
    }

    async function exchange(vector: RpcVector): Promise<Outcome & { readonly received: readonly Received[] }> {
      server.replyWith(vector.reply);
      try {
        const value = await CALLS[vector.case]!(consumer.component);
        return { value, received: server.taken() };
      } catch (error) {
        const { code, message } = error as { readonly code: unknown; readonly message: unknown };
        return { error: { code, message }, received: server.taken() };
      }
    }

    function expectedOutcome(vector: RpcVector): Outcome {
      const { code, message, content } = JSON.parse(vector.reply) as Answer;
      return code === 'E0000000000' ? { value: content } : { error: { code, message } };
    }

    function expectMetadata(received: Received, vector: RpcVector): void {
      const recordedMetadata = Object.fromEntries(vector.metadata);
      expect(Object.keys(received.metadata)).toEqual(expect.arrayContaining(Object.keys(recordedMetadata)));
      for (const name of ['mesh-urn', 'mesh-span-id', 'x-ptp-source-inst-id', 'x-ptp-source-node-id']) {
        expect(received.metadata[name]).toBe(recordedMetadata[name]);
      }
      expect(received.metadata['x-ptp-trace-id']).toMatch(/^[0-9A-F]{8}\d{15,20}$/);
      expect(received.metadata['mesh-incoming-host']).toMatch(/^vectors(@|$)/);
      expect(received.path).toBe(vector.method);
    }
  },
);
