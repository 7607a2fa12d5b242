import type { Dialled } from '../peer.js';

/** Several clients as one: calls are made by each in turn. */
export function inTurn(clients: readonly Dialled[]): Dialled {
  const [only] = clients;
  if (clients.length === 1 && only) return only;
  return {
    prepare: (payload) => {
      const calls = clients.map((client) => client.prepare(payload));
      let next = 0;
      return () => {
        const call = calls[next];
        next = (next + 1) % calls.length;
        return call ? call() : Promise.reject(new Error('there is no client'));
      };
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}
