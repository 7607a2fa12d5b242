import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { parseAddress } from '../../options/parse-address.js';

/**
 * The address of this machine by which it reaches another. Nothing is sent: a UDP socket that is connected has asked the routing
 * table.
 *
 * @param address `host:port`
 * @throws Error when the name of the host is not known, or no route leads there
 */
export async function outgoingHost(address: string): Promise<string> {
  const { host, port } = parseAddress(address) ?? { host: address, port: 1 };
  const { address: ip, family } = await lookup(host);
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  try {
    socket.connect(port, ip);
    await once(socket, 'connect');
    return socket.address().address;
  } finally {
    socket.close();
  }
}
