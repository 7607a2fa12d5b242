import type { MeshOptions } from 'nestjs-mesh';
import { HOST } from '../peer.js';
import type { Dialled, Ends } from '../peer.js';
import { dialEcho, serveEcho, type Content } from './echo-app.js';

/** All addresses of this machine, so that one server is reached at many of them. */
const ANY_HOST = '0.0.0.0';

/** Connections that are made at a time. */
const AT_A_TIME = 16;

/** There is room for a message of 64 MiB and what stands around it. */
const LIMITS = { maxMessageBytes: 128 * 1_024 * 1_024 };

function ends(options: MeshOptions, content: Content = 'text'): Ends {
  const all: MeshOptions = { name: 'bench', limits: LIMITS, ...options };
  return {
    serve: (port) => serveEcho(all, port, ANY_HOST),
    async dial(port, connections = 1) {
      const addresses = Array.from({ length: connections }, (_, at) => `${loopback(at)}:${port}`);
      const client = await dialEcho({ ...all, services: [{ service: 'mesh.bench.*', addresses }] }, {}, content);
      await connectAll(client, connections);
      return client;
    },
  };
}

/** Calls each address once, a few at a time, so that the connections are there before anything is measured. */
async function connectAll(client: Dialled, connections: number): Promise<void> {
  const call = client.prepare('-');
  for (let made = 0; made < connections; made += AT_A_TIME) {
    await Promise.all(Array.from({ length: Math.min(AT_A_TIME, connections - made) }, call));
  }
}

/** One of the addresses that lead to this machine: a client has a connection for each address of the server. */
function loopback(at: number): string {
  return at === 0 ? HOST : `127.0.${1 + (at >> 8)}.${at & 255}`;
}

/** The mesh over gRPC: two of our own ends let calls follow each other on open streams. */
export const mesh = ends({ use: { transport: 'grpc' } });

/** The mesh over its own TCP protocol. */
export const meshTcp = ends({ use: { transport: 'tcp' } });

/** The same with bytes as the one argument and the answer. */
export const meshTcpBytes = ends({ use: { transport: 'tcp' } }, 'bytes');

/** The mesh over HTTP/1.1, as it speaks to peers of other kinds. */
export const meshHttp1 = ends({ use: { transport: 'http' } });

/** The mesh over gRPC as it speaks to peers of other kinds: every call is a gRPC call. */
export const meshUnary = ends({ use: { transport: 'grpc' }, grpc: { mode: 'unary' } });
