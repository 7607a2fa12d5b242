import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../../../lib/context/cancellation.js';
import { LocalConnection } from '../../../../lib/transport/memory/local-connection.js';
import type {
  Acceptor,
  CallAnswer,
  CallHandler,
  InboundCall,
  PassageAnswer,
} from '../../../../lib/transport/transport.js';
import {
  chainOf,
  copyEach,
  inboundCall,
  inboundPassage,
  middleware,
  passOn,
} from '../../../support/middleware-fixtures.js';

/** A chain of any length, of middleware that hands on what comes, as it is or in copies. */
const chains = fc
  .array(fc.constantFrom(passOn, copyEach), { minLength: 1, maxLength: 4 })
  .map((handles) => chainOf(...handles.map((handle, index) => middleware(`m${index}`, handle))));

const names = fc.stringMatching(/^[a-z][a-z-]{0,8}$/).filter((name) => name !== 'content-type');
const headers = fc
  .dictionary(names, fc.stringMatching(/^[ -~]{0,12}$/), { maxKeys: 6 })
  .map((given) => Object.freeze(Object.assign(Object.create(null) as Record<string, string>, given)));
const body = fc.uint8Array({ maxLength: 64 });
const messages = fc.array(body, { maxLength: 12 });

const calls = fc.record({
  path: fc.constantFrom('/p', '/mesh/invoke', '/mesh-rpc/v1'),
  query: fc.stringMatching(/^[a-z=&]{0,8}$/),
  wire: fc.constantFrom('grpc' as const, 'http' as const),
  method: fc.constantFrom('GET', 'POST'),
  headers,
  body,
});

const answers: fc.Arbitrary<CallAnswer> = fc.record(
  {
    body,
    contentType: fc.constantFrom('text/plain', 'application/json'),
    status: fc.integer({ min: 200, max: 599 }),
    headers,
  },
  { requiredKeys: ['body'] },
);

/** What HTTP would write of an answer. */
function written(answer: Uint8Array | CallAnswer): unknown {
  const {
    body: bytes,
    contentType,
    status = 200,
    headers: said,
  } = answer instanceof Uint8Array ? { body: answer } : answer;
  return { bytes: Buffer.from(bytes).toString('hex'), contentType, status, headers: { ...said } };
}

/** What a handler sees of a call. */
function seenOf(call: InboundCall): unknown {
  const { admits: _, scope: __, ...seen } = call;
  return { ...seen, headers: { ...call.headers }, body: Buffer.from(call.body).toString('hex') };
}

const collect = async (parts: AsyncIterable<Uint8Array>): Promise<readonly string[]> => {
  const collected: string[] = [];
  for await (const part of parts) collected.push(Buffer.from(part).toString('hex'));
  return collected;
};

async function* iterate(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  yield* parts;
}

describe('middleware that hands on what comes changes nothing', () => {
  it('of a call and its answer', async () => {
    const property = fc.asyncProperty(chains, calls, answers, async (chain, init, answer) => {
      const seen: unknown[] = [];
      const handler: CallHandler = async (call) => (seen.push(seenOf(call)), answer);
      const call = inboundCall({ ...init, contentType: init.wire === 'grpc' ? 'application/grpc' : '' });
      const around = chain.around('listen', () => handler)(call.path) as CallHandler;
      const through = await around(call);
      const straight = await handler(call);
      expect(seen[0]).toEqual(seen[1]);
      if (call.wire === 'http') expect(written(through)).toEqual(written(straight));
      else expect(written(through)).toMatchObject({ bytes: Buffer.from(answer.body).toString('hex') });
    });
    await fc.assert(property, { numRuns: 100 });
  });

  it('of a stream, in either direction', async () => {
    const property = fc.asyncProperty(chains, messages, headers, async (chain, sent, said) => {
      const accept: Acceptor = () => ({
        stream: async (stream) => {
          expect({ ...stream.headers }).toEqual({ ...said });
          for await (const message of stream.messages) await stream.send(message);
        },
      });
      const connection = new LocalConnection(chain.around('self', accept));
      const stream = connection.open({ path: '/p', headers: said, cancellation: new Cancellation() });
      const back = collect(stream.messages);
      for (const message of sent) await stream.send(message);
      stream.end();
      expect(await back).toEqual(sent.map((message) => Buffer.from(message).toString('hex')));
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('of a passage and its answer', async () => {
    const property = fc.asyncProperty(
      chains,
      messages,
      messages,
      headers,
      headers,
      async (chain, there, back, asked, said) => {
        const seen: unknown[] = [];
        const endpoint = {
          pass: async (passage: ReturnType<typeof inboundPassage>): Promise<PassageAnswer> => {
            const { target, method, length, upgrade } = passage;
            seen.push({
              target,
              method,
              length,
              upgrade,
              headers: { ...passage.headers },
              body: await collect(passage.body),
            });
            return { status: 207, headers: said, body: iterate(back), trailers: () => ({ end: 'yes' }) };
          },
        };
        const passage = () => inboundPassage({ headers: asked, body: iterate(there) });
        const around = chain.around('listen', () => endpoint)('/reports/1');
        if (!around || !('pass' in around)) throw new Error('nothing passes');
        const shown = async ({ status, headers: answered, body: bytes, trailers }: PassageAnswer) => ({
          status,
          headers: { ...answered },
          body: await collect(bytes),
          trailers: trailers?.(),
        });
        expect(await shown(await around.pass(passage()))).toEqual(await shown(await endpoint.pass(passage())));
        expect(seen[0]).toEqual(seen[1]);
      },
    );
    await fc.assert(property, { numRuns: 100 });
  });
});
