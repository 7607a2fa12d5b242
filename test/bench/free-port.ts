import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { HOST } from './peer.js';

/** A port of {@link HOST} that nobody has. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, HOST);
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
