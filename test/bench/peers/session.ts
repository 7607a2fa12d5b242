import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { meshMicroservice, MeshModule, MeshSessions } from 'nestjs-mesh';
import type { MeshOptions, MeshSession, OpenOptions, PeerTransport } from 'nestjs-mesh';
import { HOST } from '../peer.js';
import type { Dialled, Ends, Served } from '../peer.js';

const OWN_NODE = 'LX0000000000001';
const OTHER_NODE = 'LX0000000000002';

/** Messages that are pushed and popped at once, and those that a receiver waits for. */
const TOPIC = 'a topic of usual length';
const WAITING_TOPIC = 'a topic to wait at';

/** The session as the pusher has it, and as the popper does. */
interface Parties {
  readonly pusher: MeshSession;
  readonly popper: MeshSession;
}

@Module({})
class BenchModule {}

async function serve(port: number): Promise<Served> {
  const mesh = MeshModule.forRoot({ name: 'bench', nodeId: OTHER_NODE, listen: { host: HOST, port } });
  const module = { module: BenchModule, imports: [mesh] };
  const app = await NestFactory.createMicroservice(module, { ...meshMicroservice(), logger: ['error'] });
  await app.listen();
  return { stop: () => app.close() };
}

async function dial(options: MeshOptions, meet: (sessions: MeshSessions) => Parties): Promise<Dialled> {
  const mesh = MeshModule.forRoot({ name: 'bench', nodeId: OWN_NODE, listen: false, ...options });
  const module = { module: BenchModule, imports: [mesh] };
  const app = await NestFactory.createApplicationContext(module, { logger: ['error'] });
  const { pusher, popper } = meet(app.get(MeshSessions));
  const pop = async (topic: string): Promise<number> => (await popper.pop({ topic }))?.byteLength ?? 0;
  return {
    prepare: (payload) => {
      const bytes = Buffer.from(payload);
      return async () => {
        await pusher.push(bytes, { topic: TOPIC });
        return pop(TOPIC);
      };
    },
    prepareWaiting: (payload) => {
      const bytes = Buffer.from(payload);
      return () => {
        const popped = pop(WAITING_TOPIC);
        return async () => {
          await pusher.push(bytes, { topic: WAITING_TOPIC });
          return popped;
        };
      };
    },
    close: () => app.close(),
  };
}

/** Both parties use the one node. */
function oneNode(options: MeshOptions, node: Omit<NonNullable<OpenOptions['node']>, 'address'>): Ends {
  const meet = (port: number) => (sessions: MeshSessions) => {
    const session = sessions.open('session_of_the_bench', { node: { address: `${HOST}:${port}`, ...node } });
    return { pusher: session, popper: session };
  };
  return { serve, dial: (port) => dial(options, meet(port)) };
}

/** The session API over gRPC: each push and each pop is a unary call. */
export const session = oneNode({}, { transport: 'grpc' });

/** The session API over HTTP/1.1, in protobuf. */
export const sessionHttp1 = oneNode({}, { transport: 'http' });

/** The session API over HTTP/2, in protobuf. */
export const sessionHttp2 = oneNode({ http: { version: '2' } }, { transport: 'http' });

/** The session API over the TCP protocol. */
export const sessionTcp = oneNode({}, { transport: 'tcp' });

/** A conversation between nodes: pushes and pops follow each other on one stream, and what was popped is acknowledged. */
export const sessionStream = oneNode({}, { transport: 'grpc', via: 'transport' });

/** The same over the TCP protocol. */
export const sessionStreamTcp = oneNode({}, { transport: 'tcp', via: 'transport' });

/** What two nodes call each other by, and the popper its node. */
interface Calls {
  readonly transport: PeerTransport;
  readonly push: 'invoke' | 'transport';
  readonly pop: 'session' | 'transport';
}

/** One party pushes at its own node, which hands on to the other's node; there the other party pops. */
function acrossNodes({ transport, push, pop }: Calls): Ends {
  return {
    serve,
    dial: (port) => {
      const address = `${HOST}:${port}`;
      return dial({ partners: [{ nodeId: OTHER_NODE, address, transport, via: push }] }, (sessions) => ({
        pusher: sessions.open('session_of_the_bench', { targetNodeId: OTHER_NODE }),
        popper: sessions.open('session_of_the_bench', { node: { address, transport, via: pop } }),
      }));
    },
  };
}

/** Two nodes that make a call for each message. */
export const twoNodes = acrossNodes({ transport: 'grpc', push: 'invoke', pop: 'session' });

/** The same over the TCP protocol. */
export const twoNodesTcp = acrossNodes({ transport: 'tcp', push: 'invoke', pop: 'session' });

/** Two nodes that converse. */
export const twoNodesStream = acrossNodes({ transport: 'grpc', push: 'transport', pop: 'transport' });
