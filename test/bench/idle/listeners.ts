import { once } from 'node:events';
import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer, type Server } from 'node:net';
import { HOST } from '../peer.js';

/** Longer than any measurement: nobody is to be closed for being silent. */
export const PATIENCE_MS = 600_000;

/** What idle connections are made to, by its name in the table. Each starts to listen at a port. */
export const LISTENERS: Readonly<Record<string, (port: number) => Promise<void>>> = {
  net: (port) => listening(createServer(), port),
  http: (port) =>
    listening(
      createHttpServer({ keepAliveTimeout: PATIENCE_MS, connectionsCheckingInterval: PATIENCE_MS }, notFound),
      port,
    ),
  http2: (port) => listening(createHttp2Server(), port),
  mesh: async (port) => (await import('./mesh-listener.js')).serveMesh(port),
};

async function listening(server: Server, port: number): Promise<void> {
  await once(server.listen(port, HOST), 'listening');
}

function notFound(_: unknown, response: ServerResponse): void {
  response.writeHead(404).end();
}
