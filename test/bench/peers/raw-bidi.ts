import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { HOST } from '../peer.js';
import type { Ends } from '../peer.js';
import { FrameGatherer, frameOf, FrameReader, type OnFrame } from './frames.js';
import { NumberedCalls } from './numbered-calls.js';

const PATH = '/bench.Echo/Calls';

const asIs = (bytes: Buffer): Buffer => bytes;

/** Sends frames in messages of a stream: makes of the function that writes a message that which sends a frame. */
type Packing = (write: (message: Buffer) => void) => OnFrame;

/** Every frame is a message. */
const single: Packing = (write) => (id, body) => write(Buffer.concat(frameOf(id, body)));

/** The frames of a tick are a message. */
const packed: Packing = (write) => new FrameGatherer((parts, bytes) => write(Buffer.concat(parts, bytes))).add;

function ends(packing: Packing): Ends {
  return {
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
        { calls: definition },
        {
          calls: (stream: ServerDuplexStream<Buffer, Buffer>) => {
            const reader = new FrameReader(packing((message) => stream.write(message)));
            stream.on('data', reader.read).on('end', () => stream.end());
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
      const calls = new NumberedCalls();
      const send = packing((message) => stream.write(message));
      stream.on('data', new FrameReader(calls.answer).read).on('error', () => undefined);
      return {
        prepare: (payload) => calls.prepare(Buffer.from(payload), send),
        close: async () => {
          stream.cancel();
          client.close();
        },
      };
    },
  };
}

/** grpc-js with one bidirectional stream for all calls: each message is a call with its number, or an answer. */
export const rawBidi = ends(single);

/** The same with the calls of one tick in one message. */
export const rawBidiPacked = ends(packed);
