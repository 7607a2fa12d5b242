import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { type MeshOptions, MeshServer } from 'nestjs-mesh';
import { expect } from 'vitest';
import type { WireRoute } from '../../lib/node/partners/write-route.js';
import { startApp, type TestApp } from './mesh-app.js';

/** What a node answers its operator. */
export interface Answer {
  /** Of HTTP. */
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly content?: unknown;
  /** All of it. */
  readonly text: string;
}

/** What is asked, as curl would. */
export interface Ask {
  readonly method?: string;
  /** Sent as it is when it is a text, else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Paths of administration. */
export const NODE_REFRESH = '/v1/interconn/node/refresh';
export const NET_REFRESH = '/v1/interconn/net/refresh';
export const NET_WEAVE = '/v1/interconn/net/weave';
export const NET_ACK = '/v1/interconn/net/ack';
export const NET_EDGES = '/v1/interconn/net/edges';
export const REGISTER = '/v1/interconn/registry/register';

/** A token as operators have one. */
export const TOKEN = 'token-of-the-operator-0123456789';

/** Asks a node over HTTP, on a connection of its own: one that is kept would keep the node from closing at once. */
export async function ask(
  address: string,
  path: string,
  { method = 'POST', body, headers = {} }: Ask,
): Promise<Answer> {
  const sent = request(`http://${address}${path}`, { method, headers, agent: false });
  sent.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const text = (await response.setEncoding('utf8').toArray()).join('');
  expect(response.headers['content-type']).toContain('application/json');
  const answer = JSON.parse(text) as { readonly code: string; readonly message: string; readonly content?: unknown };
  return { status: response.statusCode ?? 0, ...answer, text };
}

/** What a node answers to what it has done. */
export async function done(address: string, path: string, body: unknown, headers = {}): Promise<unknown> {
  const { content, ...answer } = await ask(address, path, { body, headers });
  expect(answer).toMatchObject({ status: 200, code: 'E0000000000' });
  return content;
}

/** The routes of a node, by the ids of the nodes they lead to. */
export async function edges(address: string, headers = {}): Promise<ReadonlyMap<string, WireRoute>> {
  const { content } = await ask(address, NET_EDGES, { method: 'GET', headers });
  return new Map((content as WireRoute[]).map((route) => [route.node_id, route]));
}

const local = { host: '127.0.0.1', port: 0 } as const;

/** What a node serves at its outer side where other nodes may ask to be woven. */
export const OPEN_TO_NODES: SideOptions = { serves: ['*', 'sessions', 'nodes', 'builtins', 'weaving'] };

/** Options of a node, and what it serves at its outer side; by default what is usual. */
export interface SideOptions extends Omit<MeshOptions, 'listen'> {
  readonly serves?: readonly string[];
}

/** A node with an inner side for its operator, and an outer side for other nodes. */
export async function startSides(
  own: Pick<MeshOptions, 'nodeId' | 'instId'>,
  { serves, ...options }: SideOptions = {},
): Promise<{ readonly node: TestApp; readonly inner: string; readonly outer: string }> {
  const listen = [
    { ...local, side: 'inner' as const },
    { ...local, ...(serves && { serves }) },
  ];
  const node = await startApp({ options: { node: {}, ...own, listen, ...options } });
  const [inner = '', outer = ''] = node.app.get(MeshServer).addresses;
  return { node, inner, outer };
}
