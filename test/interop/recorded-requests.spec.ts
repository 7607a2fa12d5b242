import { Client, compressionAlgorithms, credentials, Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RpcVector, rpcVectors } from '../support/vectors.js';
import { type ProviderApp, startProviderApp } from './nest-apps.js';
import { type Answer, essence, expectedAnswer } from './rpc-vectors.js';

/** The reference SDK compresses what it sends. */
const compressions = [
  { name: 'plain', algorithm: compressionAlgorithms.identity },
  { name: 'compressed', algorithm: compressionAlgorithms.gzip },
];

/** What the provider itself speaks. The SDK's flag names no codec: it is JSON all the same. */
const providers = compressions.flatMap((compression) => ['json', 'yaml'].map((codec) => ({ ...compression, codec })));

const same = (body: Buffer): Buffer => body;

/** What the reference SDK sent, sent again with plain grpc-js, and what our provider makes of it. */
describe.each(providers)(
  'a recorded request of the SDK, $name, to a Nest provider of $codec',
  ({ algorithm, codec }) => {
    let provider: ProviderApp;
    let client: Client;

    beforeAll(async () => {
      provider = await startProviderApp({ use: { codec } });
      const options = { 'grpc.default_compression_algorithm': algorithm };
      client = new Client(provider.address, credentials.createInsecure(), options);
    });

    afterAll(async () => {
      client?.close();
      await provider?.close();
    });

    describe.each(rpcVectors())('$case', (vector) => {
      it('is answered as recorded, as a unary call', async () => {
        expect(essence(await unary(vector))).toEqual(expectedAnswer(vector));
      });

      it('is answered as recorded, on a stream, each time', async () => {
        const answers = await stream(vector, 3);
        expect(answers.map(essence)).toEqual(Array.from({ length: 3 }, () => expectedAnswer(vector)));
      });

      it('is answered with what the SDK can read: a cause only of a failure, and then an object', async () => {
        const { code, cause } = await unary(vector);
        if (code === 'E0000000000') expect(cause ?? null).toBeNull();
        else expect(cause ?? {}).toBeTypeOf('object');
      });
    });

    function unary(vector: RpcVector): Promise<Answer> {
      return new Promise((resolve, reject) => {
        const body = Buffer.from(vector.request);
        client.makeUnaryRequest(vector.method, same, same, body, metadataOf(vector), deadline(), (error, reply) =>
          error ? reject(error) : resolve(read(reply)),
        );
      });
    }

    async function stream(vector: RpcVector, times: number): Promise<readonly Answer[]> {
      const call = client.makeBidiStreamRequest(vector.method, same, same, metadataOf(vector), deadline());
      for (let i = 0; i < times; i++) call.write(Buffer.from(vector.request));
      call.end();
      const answers: Answer[] = [];
      for await (const reply of call) answers.push(read(reply as Buffer));
      return answers;
    }
  },
);

function metadataOf(vector: RpcVector): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of vector.metadata) metadata.set(name, value);
  return metadata;
}

function deadline(): { readonly deadline: number } {
  return { deadline: Date.now() + 5_000 };
}

function read(reply: Buffer | undefined): Answer {
  return JSON.parse(String(reply)) as Answer;
}
