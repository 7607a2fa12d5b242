import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { HOST } from '../peer.js';
import type { Ends } from '../peer.js';

interface Message {
  payload: string;
}

async function read(message: IncomingMessage): Promise<Message> {
  const chunks: Buffer[] = [];
  message.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(message, 'end');
  return JSON.parse(Buffer.concat(chunks).toString()) as Message;
}

function headersOf(body: Buffer): Record<string, string | number> {
  return { 'content-type': 'application/json', 'content-length': body.length };
}

/** `node:http` with JSON in it, on connections that are kept. */
export const http1: Ends = {
  async serve(port) {
    const server = createServer(async (incoming, outgoing) => {
      const body = Buffer.from(JSON.stringify(await read(incoming)));
      outgoing.writeHead(200, headersOf(body)).end(body);
    }).listen(port, HOST);
    await once(server, 'listening');
    return {
      stop: async () => {
        server.close();
        server.closeAllConnections();
      },
    };
  },
  async dial(port) {
    const agent = new Agent({ keepAlive: true });
    const call = async (message: Message): Promise<Message> => {
      const body = Buffer.from(JSON.stringify(message));
      const outgoing = request({ agent, host: HOST, port, method: 'POST', path: '/echo', headers: headersOf(body) });
      outgoing.end(body);
      const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
      return read(incoming);
    };
    return {
      prepare: (payload) => async () => (await call({ payload })).payload.length,
      close: async () => agent.destroy(),
    };
  },
};
