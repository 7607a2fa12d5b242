import { join } from 'node:path';
import { cellName } from './cell.js';
import type { Cell } from './cell.js';
import type { Measurement } from './measure.js';
import type { BenchOptions, Pinning } from './options.js';
import type { Peer } from './peer.js';
import { WorkerProcess } from './worker-process.js';

/** What one peer did in one cell of one round. */
export interface Result extends Measurement {
  /** CPU time of the client process for each call, in µs. */
  readonly clientCpu: number;
  /** CPU time of the server process for each call, in µs. */
  readonly serverCpu: number;
  /** CPU time of each relay for each call, in µs, the mean of all of them; 0 without any. */
  readonly relayCpu: number;
}

/** A server process and a client process of one peer, connected to each other, by way of its relays if it has any. */
export class Contestant {
  private constructor(
    readonly peer: Peer,
    private readonly server: WorkerProcess,
    private readonly relays: readonly WorkerProcess[],
    private readonly client: WorkerProcess,
  ) {}

  /** Starts the processes: the server on CPU 0 and the client on CPU 1 where they can be bound, relays in turn. */
  static async start(peer: Peer, pinned: Pinning): Promise<Contestant> {
    const start = (role: string, cpu: number): WorkerProcess =>
      WorkerProcess.start(`${peer.name} ${role}`, pinned === 'pinned' ? cpu : undefined);
    const server = start('server', 0);
    const relays = Array.from({ length: peer.relays ?? 0 }, (_, place) => start(`relay ${place}`, place % 2));
    const client = start('client', 1);
    const contestant = new Contestant(peer, server, relays, client);
    try {
      let port = await server.ask('serve', { peer: peer.name });
      for (const [place, relay] of relays.entries()) {
        port = await relay.ask('relay', { peer: peer.name, next: port, place });
      }
      await client.ask('dial', { peer: peer.name, port });
      return contestant;
    } catch (error) {
      contestant.kill();
      throw error;
    }
  }

  /** Runs a cell without counting. */
  async warmUp(cell: Cell, seconds: number): Promise<void> {
    await this.client.ask('measure', { cell, seconds });
  }

  async run(cell: Cell, seconds: number): Promise<Result> {
    const before = await this.cpu();
    const measurement = await this.client.ask('measure', { cell, seconds });
    const after = await this.cpu();
    return {
      ...measurement,
      clientCpu: (after.client - before.client) / measurement.calls,
      serverCpu: (after.server - before.server) / measurement.calls,
      relayCpu: (after.relays - before.relays) / measurement.calls / Math.max(1, this.relays.length),
    };
  }

  /** Bytes that a relay has in use after a collection. */
  relayMemory(place: number): Promise<number> {
    const relay = this.relays[place];
    if (!relay) throw new Error(`${this.peer.name} has no relay ${place}`);
    return relay.ask('memory', {});
  }

  /**
   * Runs a cell under the profiler, and writes `<peer>.<cell>.<client|server|relay…>.cpuprofile`.
   *
   * @returns how many calls the profiles cover
   */
  async profile(cell: Cell, seconds: number, folder: string): Promise<number> {
    const relays = Object.fromEntries(this.relays.map((relay, place) => [`relay${place}`, relay]));
    const processes = { server: this.server, ...relays, client: this.client };
    for (const worker of Object.values(processes)) await worker.ask('profile', {});
    const { calls } = await this.client.ask('measure', { cell, seconds });
    for (const [role, worker] of Object.entries(processes)) {
      const file = join(folder, `${this.peer.name}.${cellName(cell)}.${role}.cpuprofile`);
      await worker.ask('profiled', { file });
    }
    return calls;
  }

  async stop(): Promise<void> {
    for (const worker of [this.client, ...this.relays.toReversed(), this.server]) await worker.ask('stop', {});
  }

  kill(): void {
    for (const worker of [this.client, ...this.relays, this.server]) worker.kill();
  }

  private async cpu(): Promise<{ server: number; relays: number; client: number }> {
    let relays = 0;
    for (const relay of this.relays) relays += await relay.ask('cpu', {});
    return { server: await this.server.ask('cpu', {}), relays, client: await this.client.ask('cpu', {}) };
  }
}

/** Results by cell, by peer, one for each round. */
export type Results = Map<Cell, Map<Peer, Result[]>>;

/**
 * Runs the rounds. In each, the peers take their turns cell by cell, each round beginning with another peer, so that
 * whatever the machine does meanwhile meets all of them alike.
 */
export async function contest(
  cells: readonly Cell[],
  contestants: readonly Contestant[],
  { rounds, seconds }: Pick<BenchOptions, 'rounds' | 'seconds'>,
  onRound: (round: number) => void,
): Promise<Results> {
  const results: Results = new Map(
    cells.map((cell) => [cell, new Map(contestants.map(({ peer }) => [peer, [] as Result[]]))]),
  );
  for (let round = 0; round < rounds; round++) {
    for (const cell of cells) {
      for (const contestant of rotated(contestants, round)) {
        await contestant.warmUp(cell, Math.min(0.1, seconds));
        results
          .get(cell)
          ?.get(contestant.peer)
          ?.push(await contestant.run(cell, seconds));
      }
    }
    onRound(round + 1);
  }
  return results;
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
