import type { MeshOptions } from 'nestjs-mesh';
import { HOST } from '../peer.js';
import type { Ends } from '../peer.js';
import { dialEcho, serveEcho } from './echo-app.js';

function ends(options: MeshOptions): Ends {
  const all: MeshOptions = { name: 'bench', ...options };
  return {
    serve: (port) => serveEcho(all, port),
    dial: (port) => dialEcho({ ...all, services: [{ service: 'mesh.bench.*', addresses: [`${HOST}:${port}`] }] }),
  };
}

/** The mesh over gRPC, as it comes: two of our own ends let calls follow each other on open streams. */
export const mesh = ends({});

/** The mesh over its own TCP protocol. */
export const meshTcp = ends({ use: { transport: 'tcp' } });

/** The mesh over gRPC as it speaks to peers of other kinds: every call is a gRPC call. */
export const meshUnary = ends({ grpc: { mode: 'unary' } });
