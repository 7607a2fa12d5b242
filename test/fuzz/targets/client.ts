import { createServer, type AddressInfo, type Socket } from 'node:net';
import { toMeshError } from '../../../lib/errors/from-unknown.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { TcpTransport } from '../../../lib/transport/tcp/tcp-transport.js';
import type { Connection } from '../../../lib/transport/transport.js';
import { outbound, transportOptions } from '../../support/transport-fixtures.js';
import { drop, Neighbourhood, PATIENCE_MS } from '../connections.js';
import { type Target, within } from '../target.js';

/** What a caller does in the recordings, and while it is fuzzed: calls small and large, and a stream. */
export function converse(connection: Connection): readonly Promise<unknown>[] {
  const stream = connection.open(outbound({ path: '/talk' }));
  const talk = async (): Promise<unknown> => {
    await stream.send(Buffer.from('one'));
    await stream.send(Buffer.alloc(20_000, 2));
    stream.end();
    const heard: number[] = [];
    for await (const message of stream.messages) heard.push(message.length);
    return heard;
  };
  return [
    talk(),
    connection.call(outbound()),
    connection.call(outbound({ body: Buffer.alloc(40_000, 1) })),
    connection.call(outbound({ path: '/fail', headers: { 'mesh-urn': 'a.b.c', 'x-own': 'value' } })),
    connection.call(outbound({ path: '/nothing', headers: { 'mesh-urn': 'a.b.c', 'x-own': 'value' } })),
  ];
}

/** A caller, with servers that say whatever they say, and end the connection then. */
export const CLIENT: Target = {
  name: 'client',
  shape: 'frames',
  parallel: 32,
  open: async () => {
    const neighbourhood = await Neighbourhood.open();
    const transport = new TcpTransport(transportOptions({}, { maxMessageBytes: 256 * 1024 }));
    const next: Buffer[] = [];
    const server = createServer((socket) => answer(socket, next.shift() ?? Buffer.alloc(0)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    return {
      feed: async (input) => {
        next.push(input);
        const connection = transport.dial(address);
        try {
          const outcomes = await within(PATIENCE_MS, 'all calls are over', Promise.allSettled(converse(connection)));
          if (connection.pending > 0) throw new Error(`${connection.pending} calls are pending, and all are over`);
          return outcomes.map(kindOf).join(', ');
        } finally {
          connection.destroy();
        }
      },
      check: () => neighbourhood.check(),
      close: () => {
        neighbourhood.close();
        server.close();
      },
    };
  },
};

/** Says it as soon as the caller has said something, and ends the connection. */
function answer(socket: Socket, bytes: Buffer): void {
  socket.on('error', () => undefined).resume();
  socket.once('data', () => {
    socket.write(bytes, () => setImmediate(() => socket.end()));
    socket.once('end', () => drop(socket));
    socket.setTimeout(1_000, () => drop(socket));
  });
}

function kindOf(outcome: PromiseSettledResult<unknown>): string {
  if (outcome.status === 'fulfilled') return 'an answer';
  if (!(outcome.reason instanceof MeshError))
    throw new Error('a call failed with no MeshError', { cause: outcome.reason });
  return toMeshError(outcome.reason)
    .message.replace(/\d+|'[^']*'/g, '#')
    .slice(0, 120);
}
