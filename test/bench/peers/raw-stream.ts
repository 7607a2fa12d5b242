import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { HOST } from '../peer.js';
import type { Ends } from '../peer.js';

const PATH = '/bench.Echo/Stream';

const asIs = (bytes: Buffer): Buffer => bytes;

/** grpc-js alone with one bidirectional stream for everything: what is left when calls need no streams of their own. */
export const rawStream: Ends = {
  serve(port) {
    const server = new Server();
    const definition = {
      path: PATH,
      requestStream: true,
      responseStream: true,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    };
    server.addService(
      { stream: definition },
      {
        stream: (stream: ServerDuplexStream<Buffer, Buffer>) => {
          stream.on('data', (bytes: Buffer) => stream.write(bytes)).on('end', () => stream.end());
        },
      },
    );
    return new Promise((resolve, reject) => {
      server.bindAsync(`${HOST}:${port}`, ServerCredentials.createInsecure(), (error) => {
        if (error) return reject(error);
        resolve({ stop: async () => server.forceShutdown() });
      });
    });
  },

  async dial(port) {
    const client = new Client(`${HOST}:${port}`, credentials.createInsecure());
    const stream = client.makeBidiStreamRequest(PATH, asIs, asIs);
    const waiting: ((length: number) => void)[] = [];
    stream.on('data', (bytes: Buffer) => waiting.shift()?.(bytes.length)).on('error', () => undefined);
    return {
      prepare: (payload) => {
        const bytes = Buffer.from(payload);
        return () =>
          new Promise((resolve) => {
            waiting.push(resolve);
            stream.write(bytes);
          });
      },
      close: async () => {
        stream.cancel();
        client.close();
      },
    };
  },
};
