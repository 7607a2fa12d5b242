import { createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { TcpTransport } from '../../lib/transport/tcp/tcp-transport.js';
import { MAGIC } from '../../lib/transport/link/wire.js';
import type { Connection } from '../../lib/transport/transport.js';
import { framesOf, type SeenFrame } from './tcp-frames.js';
import { transportOptions } from './transport-fixtures.js';

/** A server that says whatever it likes, and a connection to it. */
export interface RawServer {
  readonly connection: Connection;
  /** Where it listens. */
  readonly address: string;
  /** One more connection to it. */
  dial(): Connection;
  /** What it was told on its last connection, after the first eight bytes. */
  heard(): SeenFrame[];
  /** Connections that it has. */
  readonly sockets: ReadonlySet<Socket>;
}

/**
 * A server, and a connection to it; both are gone after the test.
 *
 * @param serve told of each connection
 * @param onHeard told of all that came on it so far, whenever more has
 */
export async function rawServer(
  serve: (socket: Socket) => void,
  onHeard: (frames: SeenFrame[], socket: Socket) => void = () => undefined,
): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let heard: Buffer[] = [];
  const frames = (): SeenFrame[] => framesOf(Buffer.concat(heard).subarray(MAGIC.length));
  const server = createServer((socket) => {
    heard = [];
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      heard.push(chunk);
      onHeard(frames(), socket);
    });
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const transport = new TcpTransport(transportOptions());
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const dial = (): Connection => transport.dial(address);
  const connection = dial();
  onTestFinished(() => {
    connection.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { connection, address, dial, sockets, heard: frames };
}
