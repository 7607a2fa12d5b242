import type { Peer } from './peer.js';

/** What everything is compared with. */
const RAW: Peer = {
  name: 'raw',
  about: 'grpc-js unary, bytes in, bytes out',
  library: '@grpc/grpc-js',
  load: async () => (await import('./peers/raw.js')).raw,
};

const MESH: Peer = {
  name: 'mesh',
  about: 'nestjs-mesh over gRPC as it comes, JSON',
  library: 'nestjs-mesh',
  load: async () => (await import('./peers/mesh.js')).mesh,
};

const MESH_TCP: Peer = {
  name: 'mesh-tcp',
  about: 'nestjs-mesh over its own TCP protocol, JSON',
  library: 'nestjs-mesh',
  load: async () => (await import('./peers/mesh.js')).meshTcp,
};

const MESH_UNARY: Peer = {
  name: 'mesh-unary',
  about: "nestjs-mesh over gRPC in mode 'unary', JSON",
  library: 'nestjs-mesh',
  load: async () => (await import('./peers/mesh.js')).meshUnary,
};

const NET_FRAMES: Peer = {
  name: 'net-frames',
  about: 'node:net, frames with numbers, those of one tick written together: the floor',
  library: 'node',
  load: async () => (await import('./peers/net-frames.js')).netFrames,
};

const NEST_TCP: Peer = {
  name: 'nest-tcp',
  about: "Nest's TCP transport, JSON",
  library: '@nestjs/microservices',
  load: async () => (await import('./peers/nest-tcp.js')).nestTcp,
};

/** The peers that make calls, in the order of the tables. A worker loads the code of its own peer only. */
export const RPC_PEERS: readonly Peer[] = [
  NET_FRAMES,
  RAW,
  {
    name: 'raw-json',
    about: 'grpc-js unary, JSON.stringify and JSON.parse',
    library: '@grpc/grpc-js',
    load: async () => (await import('./peers/raw.js')).rawJson,
  },
  {
    name: 'raw-bidi',
    about: 'grpc-js, all calls with numbers on one bidirectional stream',
    library: '@grpc/grpc-js',
    load: async () => (await import('./peers/raw-bidi.js')).rawBidi,
  },
  {
    name: 'raw-bidi-packed',
    about: 'the same, the calls of one tick in one message',
    library: '@grpc/grpc-js',
    load: async () => (await import('./peers/raw-bidi.js')).rawBidiPacked,
  },
  {
    name: 'nest-grpc',
    about: "Nest's gRPC transport, protobuf",
    library: '@nestjs/microservices',
    load: async () => (await import('./peers/nest-grpc.js')).nestGrpc,
  },
  NEST_TCP,
  {
    name: 'nest-nats',
    about: "Nest's NATS transport, JSON, by way of nats-server",
    library: '@nestjs/microservices',
    program: 'nats-server',
    load: async () => (await import('./peers/nest-broker.js')).nestNats,
  },
  {
    name: 'nest-redis',
    about: "Nest's Redis transport, JSON, by way of redis-server",
    library: '@nestjs/microservices',
    program: 'redis-server',
    load: async () => (await import('./peers/nest-broker.js')).nestRedis,
  },
  {
    name: 'moleculer',
    about: 'Moleculer over its TCP transporter, JSON',
    library: 'moleculer',
    load: async () => (await import('./peers/moleculer.js')).moleculer,
  },
  {
    name: 'connect',
    about: 'Connect over HTTP/2, protobuf',
    library: '@connectrpc/connect-node',
    load: async () => (await import('./peers/connect.js')).connect,
  },
  {
    name: 'http1',
    about: 'node:http over HTTP/1.1, JSON, connections kept',
    library: 'node',
    load: async () => (await import('./peers/http1.js')).http1,
  },
  {
    name: 'nest-http',
    about: 'Nest on Fastify over HTTP/1.1, JSON, called by undici, connections kept',
    library: '@nestjs/platform-fastify',
    load: async () => (await import('./peers/nest-http.js')).nestHttp,
  },
  MESH,
  MESH_TCP,
  {
    name: 'mesh-tcp-bytes',
    about: 'the same with bytes as argument and answer',
    library: 'nestjs-mesh',
    load: async () => (await import('./peers/mesh.js')).meshTcpBytes,
  },
  MESH_UNARY,
  {
    name: 'mesh-http1',
    about: 'nestjs-mesh over HTTP/1.1, JSON, as peers of other makes are called',
    library: 'nestjs-mesh',
    load: async () => (await import('./peers/mesh.js')).meshHttp1,
  },
];

/** The peers whose cost is looked at with more calls and connections. */
export const SCALE_PEERS: readonly Peer[] = [NET_FRAMES, NEST_TCP, MESH_TCP];

/** The peers of which it is looked at how long small calls take beside large messages. */
export const BESIDE_PEERS: readonly Peer[] = [
  {
    name: 'uncut-frames',
    about: 'node:net, frames with numbers, each as a whole: what large messages do that are not cut',
    library: 'node',
    load: async () => (await import('./peers/uncut-frames.js')).uncutFrames,
  },
  MESH,
  MESH_TCP,
];

/** The peers that push and pop, in the order of the tables, and what they are compared with. */
export const SESSION_PEERS: readonly Peer[] = [
  NET_FRAMES,
  RAW,
  {
    name: 'raw-stream',
    about: 'grpc-js, one bidirectional stream, bytes in, bytes out',
    library: '@grpc/grpc-js',
    load: async () => (await import('./peers/raw-stream.js')).rawStream,
  },
  sessionPeer('session', 'push and pop over gRPC', async () => (await import('./peers/session.js')).session),
  sessionPeer(
    'session-http1',
    'push and pop over HTTP/1.1',
    async () => (await import('./peers/session.js')).sessionHttp1,
  ),
  sessionPeer(
    'session-http2',
    'push and pop over HTTP/2',
    async () => (await import('./peers/session.js')).sessionHttp2,
  ),
  sessionPeer(
    'two-nodes',
    'push by way of the own node, pop at the other; over gRPC',
    async () => (await import('./peers/session.js')).twoNodes,
  ),
  sessionPeer(
    'session-stream',
    "push and pop with via 'transport', on one stream",
    async () => (await import('./peers/session.js')).sessionStream,
  ),
  sessionPeer(
    'session-tcp',
    'push and pop over the TCP protocol',
    async () => (await import('./peers/session.js')).sessionTcp,
  ),
  sessionPeer(
    'two-nodes-tcp',
    'push by way of the own node, pop at the other; over the TCP protocol',
    async () => (await import('./peers/session.js')).twoNodesTcp,
  ),
  sessionPeer(
    'session-stream-tcp',
    "push and pop with via 'transport', on one stream of the TCP protocol",
    async () => (await import('./peers/session.js')).sessionStreamTcp,
  ),
  sessionPeer(
    'two-nodes-stream',
    "by way of the own node, all with via 'transport'",
    async () => (await import('./peers/session.js')).twoNodesStream,
  ),
];

/** The peers that make calls by way of nodes, and what they are compared with. */
export const HOP_PEERS: readonly Peer[] = [
  RAW,
  {
    name: 'raw-relay',
    about: 'grpc-js unary by way of a process that receives each call and makes it again, bytes as they are',
    library: '@grpc/grpc-js',
    relays: 1,
    load: async () => (await import('./peers/raw.js')).raw,
  },
  MESH,
  MESH_TCP,
  hopPeer('one-hop', 'by way of the node that the provider is registered at', 1),
  hopPeer('two-hops', 'by way of the own node and the partner', 2),
  MESH_UNARY,
  hopPeer('one-hop-unary', "the same as one-hop, all in mode 'unary'", 1, 'hopsUnary'),
  hopPeer('one-hop-tcp', 'the same as one-hop, all over the TCP protocol', 1, 'hopsTcp'),
];

function hopPeer(name: string, about: string, relays: number, ends: 'hops' | 'hopsUnary' | 'hopsTcp' = 'hops'): Peer {
  return { name, about, library: 'nestjs-mesh', relays, load: async () => (await import('./peers/hops.js'))[ends] };
}

function sessionPeer(name: string, about: string, load: Peer['load']): Peer {
  return { name, about, library: 'nestjs-mesh', requests: 2, load };
}

/** @throws Error naming the peers there are, when there is none of that name */
export function peerNamed(name: string): Peer {
  const peers = new Set([...RPC_PEERS, ...BESIDE_PEERS, ...SESSION_PEERS, ...HOP_PEERS]);
  const peer = [...peers].find((candidate) => candidate.name === name);
  if (peer) return peer;
  throw new Error(`no peer '${name}'; there are ${[...peers].map((known) => known.name).join(', ')}`);
}
