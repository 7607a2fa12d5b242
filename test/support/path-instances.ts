import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { meshMicroservice, MeshRegistrations, MeshServer, type MeshOptions } from 'nestjs-mesh';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { startApp, type TestApp, testModule } from './mesh-app.js';
import { fetchOnce } from './fetch-once.js';

/** An application of somebody else: a server of node:http, and nothing of the project. */
export interface PathInstance {
  readonly server: Server;
  readonly address: string;
  /** The requests that have come, as they stood in its view. */
  readonly seen: IncomingMessage[];
}

/** A node that applications register paths with. */
export type PathNode = Pick<TestApp, 'app' | 'address'>;

const nodeOptions: MeshOptions = { node: {}, listen: { host: '127.0.0.1', port: 0, side: 'inner' } };

/** One such node for all tests of a file: what a test registers is taken back when it ends. */
export function sharedPathNode(): () => PathNode {
  let node: PathNode | undefined;
  beforeAll(async () => {
    const parts = { options: nodeOptions };
    const app = await NestFactory.createMicroservice(testModule(parts), { ...meshMicroservice(), logger: false });
    await app.listen();
    node = { app, address: app.get(MeshServer).addresses[0]! };
  });
  afterAll(() => node?.app.close());
  return () => node!;
}

/** A node of its own for one test. */
export function startPathNode(options: MeshOptions = {}): Promise<TestApp> {
  return startApp({ options: { ...nodeOptions, ...options } });
}

/** Starts an application; by default it answers with what it is sent. */
export async function startInstance(serve: RequestListener = echoed): Promise<PathInstance> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    serve(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function echoed(request: IncomingMessage, response: ServerResponse): void {
  const type = request.headers['content-type'] ?? 'text/plain';
  response.writeHead(200, { 'content-type': type, 'x-asked': `${request.method} ${request.url}` });
  request.pipe(response);
}

/** What a node answers to a registration. */
export interface Registered {
  readonly code: string;
  readonly message: string;
}

/** Registers paths of an application over HTTP, as `curl` would. */
export async function registerPaths(
  node: PathNode,
  address: string,
  paths: readonly string[],
  more: object = {},
): Promise<Registered> {
  onTestFinished(async () => void (await node.app.get(MeshRegistrations).remove({ instanceId: address })));
  const response = await fetchOnce(`http://${node.address}/v1/interconn/registry/register`, {
    method: 'POST',
    body: JSON.stringify({
      instance_id: address,
      name: 'reports',
      kind: 'complex',
      address,
      timestamp: 30_000,
      content: { services: paths.map((urn) => ({ urn })) },
      ...more,
    }),
  });
  return (await response.json()) as Registered;
}
