import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { freePort } from './free-port.js';
import { measure } from './measure.js';
import type { Dialled } from './peer.js';
import { peerNamed } from './peers.js';
import type { Answer, Order, Orders } from './worker-orders.js';

/** One process of one peer: its server, a relay or its client. It does what the parent process tells it. */
class Worker {
  private readonly profiler = new Session();
  private client: Dialled | undefined;
  private end = async (): Promise<void> => undefined;

  async obey(order: Order): Promise<Orders[keyof Orders]['out']> {
    switch (order.kind) {
      case 'serve':
        return this.serve(order.peer);
      case 'relay':
        return this.relay(order.peer, order.next, order.place);
      case 'dial':
        return this.dial(order.peer, order.port);
      case 'measure':
        if (!this.client) throw new Error('only a client can measure');
        return measure(this.client, order.cell, order.seconds);
      case 'cpu':
        return cpuMicros();
      case 'memory':
        return memoryInUse();
      case 'profile':
        return this.startProfile();
      case 'profiled':
        return this.writeProfile(order.file);
      case 'stop':
        await this.end();
        return null;
    }
  }

  private async serve(name: string): Promise<number> {
    const port = await freePort();
    const served = await (await peerNamed(name).load()).serve(port);
    this.end = () => served.stop();
    return port;
  }

  private async relay(name: string, next: number, place: number): Promise<number> {
    const port = await freePort();
    const relay = await (await peerNamed(name).load()).relay?.(port, next, place);
    if (!relay) throw new Error(`the peer ${name} has no relays`);
    this.end = () => relay.stop();
    return port;
  }

  private async dial(name: string, port: number): Promise<null> {
    const client = await (await peerNamed(name).load()).dial(port);
    this.client = client;
    this.end = () => client.close();
    return null;
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

function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
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
  if (order.kind === 'stop') process.disconnect();
});
