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

/** Answers a call. */
type Handler<T> = (call: ServerUnaryCall<T, T>, answer: sendUnaryData<T>) => void;

function serve<T>(format: Format<T>, port: number, echo: Handler<T>): Promise<Served> {
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
  server.addService(definition, { echo });
  return new Promise((resolve, reject) => {
    server.bindAsync(`${HOST}:${port}`, ServerCredentials.createInsecure(), (error) => {
      if (error) return reject(error);
      resolve({ stop: async () => server.forceShutdown() });
    });
  });
}

function clientOf(port: number): Client {
  return new Client(`${HOST}:${port}`, credentials.createInsecure());
}

/** Receives each call, and makes it at the port that is next. */
async function relay<T>(format: Format<T>, port: number, next: number): Promise<Served> {
  const client = clientOf(next);
  const server = await serve(format, port, ({ request }, answer) =>
    client.makeUnaryRequest(PATH, format.encode, format.decode, request, answer),
  );
  return { stop: () => server.stop().finally(() => client.close()) };
}

async function dial<T>(format: Format<T>, port: number): Promise<Dialled> {
  const client = clientOf(port);
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
  return {
    serve: (port) => serve(format, port, ({ request }, answer) => answer(null, request)),
    relay: (port, next) => relay(format, port, next),
    dial: (port) => dial(format, port),
  };
}

/** grpc-js alone, bytes in and the same bytes out: nothing is encoded at all. */
export const raw = ends(BYTES);

/** grpc-js alone with JSON in it: what carrying an object costs without any framework. */
export const rawJson = ends(JSON_TEXT);
