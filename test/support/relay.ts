import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Stands between a consumer and a provider, and breaks what is between them. */
export interface Relay {
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** Connections that came in so far. */
  readonly connections: number;
  /** Breaks all connections at once. */
  cut(): void;
}

/** Starts a relay to an address, or to one that is asked for with each connection; it ends with the test. */
export async function startRelay(target: string | (() => string)): Promise<Relay> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
  };
  const server = createServer((inner) => {
    connections++;
    const [host, port] = (typeof target === 'string' ? target : target()).split(':');
    const outer = connect(Number(port), host);
    keep(inner);
    keep(outer);
    inner.pipe(outer).pipe(inner);
    inner.on('close', () => outer.destroy());
    outer.on('close', () => inner.destroy());
  });
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  onTestFinished(() => {
    server.close();
    cut();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return connections;
    },
    cut,
  };
}
