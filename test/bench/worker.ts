import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BenchClient } from './client.js';
import { freePort } from './free-port.js';
import { cpuMicros, measure } from './measure.js';
import { peerNamed } from './peers.js';
import type { Answer, Order, Orders } from './worker-orders.js';

/** One process of the bench, with a server, a relay or a client in it, or with several. It does what the parent process tells it. */
class Worker {
  private readonly profiler = new Session();
  private readonly clients = new Map<string, BenchClient>();
  private readonly stops = new Map<string, () => Promise<void>>();

  /** Whether nothing is left that could be asked. */
  get done(): boolean {
    return this.stops.size === 0;
  }

  async obey(order: Order): Promise<Orders[keyof Orders]['out']> {
    switch (order.kind) {
      case 'serve':
        return this.serve(order);
      case 'relay':
        return this.relay(order);
      case 'dial':
        return this.dial(order);
      case 'measure':
        return measure(await this.client(order.end).over(order.cell.connections), order.cell, order.seconds);
      case 'cpu':
        return cpuMicros();
      case 'memory':
        return memoryInUse();
      case 'profile':
        return this.startProfile();
      case 'profiled':
        return this.writeProfile(order.file);
      case 'stop':
        await this.stops.get(order.end)?.();
        this.stops.delete(order.end);
        return null;
    }
  }

  private async serve({ end, peer }: Orders['serve']['in']): Promise<number> {
    const port = await freePort();
    const served = await (await peerNamed(peer).load()).serve(port);
    this.stops.set(end, () => served.stop());
    return port;
  }

  private async relay({ end, peer, next, place }: Orders['relay']['in']): Promise<number> {
    const port = await freePort();
    const relay = await (await peerNamed(peer).load()).relay?.(port, next, place);
    if (!relay) throw new Error(`the peer ${peer} has no relays`);
    this.stops.set(end, () => relay.stop());
    return port;
  }

  private async dial({ end, peer, port }: Orders['dial']['in']): Promise<null> {
    const client = new BenchClient(await peerNamed(peer).load(), port);
    this.clients.set(end, client);
    this.stops.set(end, () => client.close());
    await client.over(undefined);
    return null;
  }

  private client(end: string): BenchClient {
    const client = this.clients.get(end);
    if (!client) throw new Error(`${end} is no client`);
    return client;
  }

  private async startProfile(): Promise<null> {
    this.profiler.connect();
    await this.profiler.post('Profiler.enable');
    await this.profiler.post('Profiler.setSamplingInterval', { interval: 200 });
    await this.profiler.post('Profiler.start');
    return null;
  }

  private async writeProfile(file: string): Promise<null> {
    const { profile } = await this.profiler.post('Profiler.stop');
    this.profiler.disconnect();
    writeFileSync(file, JSON.stringify(profile));
    return null;
  }
}

async function memoryInUse(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < 4; i++) {
    await setImmediate();
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const worker = new Worker();
process.on('message', async (order: Order) => {
  const answer: Answer = await worker.obey(order).then(
    (value) => ({ value }),
    (error: unknown) => ({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
  process.send?.(answer);
  if (order.kind === 'stop' && worker.done) process.disconnect();
});
// The parent process is gone, and so is whoever would stop what runs here.
process.on('disconnect', () => {
  if (!worker.done) process.exit(1);
});
