import { ServiceBroker } from 'moleculer';
import type { Context } from 'moleculer';
import { HOST } from '../peer.js';
import type { Ends } from '../peer.js';

interface Message {
  payload: string;
}

const SERVER = 'server';

/** A broker that knows the server by its address, and finds nobody by UDP. */
function brokerOf(nodeID: string, port: number | null, urls: readonly string[]) {
  const options = { udpDiscovery: false, useHostname: false, port, urls };
  return new ServiceBroker({
    namespace: 'bench',
    nodeID,
    logger: false,
    transporter: { type: 'TCP', options },
    requestTimeout: 30_000,
  });
}

/** Moleculer with its own TCP transporter: an action called through its broker, in JSON. */
export const moleculer: Ends = {
  async serve(port) {
    const broker = brokerOf(SERVER, port, []);
    broker.createService({ name: 'bench', actions: { echo: ({ params }: Context<Message>) => params } });
    await broker.start();
    return { stop: () => broker.stop() };
  },
  async dial(port) {
    const broker = brokerOf(`client-${process.pid}`, null, [`${HOST}:${port}/${SERVER}`]);
    await broker.start();
    await broker.waitForServices('bench', 60_000, 20);
    return {
      prepare: (payload) => async () => (await broker.call<Message, Message>('bench.echo', { payload })).payload.length,
      close: () => broker.stop(),
    };
  },
};
