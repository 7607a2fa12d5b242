import { fileURLToPath } from 'node:url';
import type { Party } from './parties.js';
import { bySignal, printed, type Processes } from './processes.js';

/** `mesh.registry.services` as a URN: who provides a service? */
const SERVICES_URN = 'services.registry.mesh.0001000000000000000000000000000000000.lx0000000000000.trustbe.cn';

/** A `mesh-node` under way. */
export interface Node extends Party {
  /** Where partners' nodes reach it. */
  readonly outer: string;
  /** Where the applications and the operators of its institution reach it. */
  readonly inner: string;
}

/** As `npx mesh-node --config node.yaml --node-id … --inst-id …` does. */
export async function startNode(processes: Processes, name: string, party: Party): Promise<Node> {
  const command = fileURLToPath(new URL('dist/cli/main.js', import.meta.resolve('nestjs-mesh/package.json')));
  const config = fileURLToPath(new URL('../node.yaml', import.meta.url));
  const flags = ['--config', config, '--node-id', party.nodeId, '--inst-id', party.instId];
  const said = await printed(processes.spawn(process.execPath, [command, ...flags], bySignal), /^ {2}ready .*\n/m);
  const address = (side: string): string =>
    new RegExp(`^ {2}listens +at (\\S+) \\(${side} side`, 'm').exec(said)?.[1] ?? '';
  const node = { ...party, outer: address('outer'), inner: address('inner') };
  console.log(`node     ${party.nodeId} of the ${name}: ${node.outer} for partners, ${node.inner} for applications`);
  return node;
}

/** One node asks the other, as their operators agreed by telephone; the other's operator acknowledges it. */
export async function weave(asking: Node, asked: Node): Promise<void> {
  const route = { node_id: asked.nodeId, inst_id: asked.instId, address: asked.outer };
  await post(asking.inner, '/v1/interconn/net/weave', route);
  await post(asked.inner, '/v1/interconn/net/ack', { node_id: asking.nodeId, address: asking.outer });
  console.log(`node     ${asking.nodeId} and ${asked.nodeId} are woven`);
}

/** Waits until an application has registered a service at a node. */
export async function registered(node: Node, service: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const found = await post(node.inner, '/mesh/invoke', { service }, { 'mesh-urn': SERVICES_URN });
    if (Array.isArray(found) && found.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nobody has registered ${service} at ${node.nodeId}`);
}

/** As `curl http://ADDRESS/PATH -d BODY` does; answers with the content. */
async function post(
  address: string,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<unknown> {
  const request = {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
  const response = await fetch(`http://${address}${path}`, request);
  const { code, message, content } = (await response.json()) as { code: string; message: string; content?: unknown };
  if (code === 'E0000000000') return content;
  throw new Error(`${path} at ${address}: ${code} ${message}`);
}
