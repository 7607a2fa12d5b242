import type { Peer } from './peer.js';

/** Every peer, in the order of the tables. A worker loads the code of its own peer only. */
export const PEERS: readonly Peer[] = [
  {
    name: 'raw',
    about: 'grpc-js unary, bytes in, bytes out',
    library: '@grpc/grpc-js',
    load: async () => (await import('./peers/raw.js')).raw,
  },
  {
    name: 'raw-json',
    about: 'grpc-js unary, JSON.stringify and JSON.parse',
    library: '@grpc/grpc-js',
    load: async () => (await import('./peers/raw.js')).rawJson,
  },
  {
    name: 'nest-grpc',
    about: "Nest's gRPC transport, protobuf",
    library: '@nestjs/microservices',
    load: async () => (await import('./peers/nest-grpc.js')).nestGrpc,
  },
  {
    name: 'nest-tcp',
    about: "Nest's TCP transport, JSON",
    library: '@nestjs/microservices',
    load: async () => (await import('./peers/nest-tcp.js')).nestTcp,
  },
  {
    name: 'mesh',
    about: 'nestjs-mesh over gRPC as it comes, JSON',
    library: 'nestjs-mesh',
    load: async () => (await import('./peers/mesh.js')).mesh,
  },
  {
    name: 'mesh-unary',
    about: "nestjs-mesh over gRPC in mode 'unary', JSON",
    library: 'nestjs-mesh',
    load: async () => (await import('./peers/mesh.js')).meshUnary,
  },
];

/** @throws Error naming the peers there are, when there is none of that name */
export function peerNamed(name: string): Peer {
  const peer = PEERS.find((candidate) => candidate.name === name);
  if (peer) return peer;
  throw new Error(`no peer '${name}'; there are ${PEERS.map((known) => known.name).join(', ')}`);
}
