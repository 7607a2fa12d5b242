import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServerUnaryCall, sendUnaryData, ServiceDefinition } from '@grpc/grpc-js';
import { HOST } from '../peer.js';
import type { Dialled, Ends, Served } from '../peer.js';

/** How a raw peer turns what it sends into bytes and back. */
interface Format<T> {
  readonly encode: (value: T) => Buffer;
  readonly decode: (bytes: Buffer) => T;
  readonly make: (payload: string) => T;
  readonly length: (value: T) => number;
}

const BYTES: Format<Buffer> = {
  encode: (bytes) => bytes,
  decode: (bytes) => bytes,
  make: (payload) => Buffer.from(payload),
  length: (bytes) => bytes.length,
};

const JSON_TEXT: Format<{ payload: string }> = {
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode: (bytes) => JSON.parse(bytes.toString()) as { payload: string },
  make: (payload) => ({ payload }),
  length: (value) => value.payload.length,
};

const PATH = '/bench.Echo/Echo';

function serve<T>(format: Format<T>, port: number): Promise<Served> {
  const definition: ServiceDefinition = {
    echo: {
      path: PATH,
      requestStream: false,
      responseStream: false,
      requestSerialize: format.encode,
      requestDeserialize: format.decode,
      responseSerialize: format.encode,
      responseDeserialize: format.decode,
    },
  };
  const server = new Server();
  server.addService(definition, {
    echo: (call: ServerUnaryCall<T, T>, answer: sendUnaryData<T>) => answer(null, call.request),
  });
  return new Promise((resolve, reject) => {
    server.bindAsync(`${HOST}:${port}`, ServerCredentials.createInsecure(), (error) => {
      if (error) return reject(error);
      resolve({ stop: async () => server.forceShutdown() });
    });
  });
}

async function dial<T>(format: Format<T>, port: number): Promise<Dialled> {
  const client = new Client(`${HOST}:${port}`, credentials.createInsecure());
  return {
    prepare: (payload) => {
      const request = format.make(payload);
      return () =>
        new Promise((resolve, reject) => {
          client.makeUnaryRequest(PATH, format.encode, format.decode, request, (error, answer) => {
            if (error || answer === undefined) return reject(error ?? new Error('no answer'));
            resolve(format.length(answer));
          });
        });
    },
    close: async () => client.close(),
  };
}

function ends<T>(format: Format<T>): Ends {
  return { serve: (port) => serve(format, port), dial: (port) => dial(format, port) };
}

/** grpc-js alone, bytes in and the same bytes out: nothing is encoded at all. */
export const raw = ends(BYTES);

/** grpc-js alone with JSON in it: what carrying an object costs without any framework. */
export const rawJson = ends(JSON_TEXT);
