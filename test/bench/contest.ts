import { join } from 'node:path';
import { cellName } from './cell.js';
import type { Cell } from './cell.js';
import type { Measurement } from './measure.js';
import type { BenchOptions } from './options.js';
import type { Peer } from './peer.js';
import type { Staff, WorkerProcess } from './worker-process.js';

/** What one peer did in one cell of one round. */
export interface Result extends Omit<Measurement, 'cpu'> {
  /** CPU time of the client process for each call, in µs. */
  readonly clientCpu: number;
  /** CPU time of the server process for each call, in µs. */
  readonly serverCpu: number;
  /** CPU time of each relay for each call, in µs, the mean of all of them; 0 without any. */
  readonly relayCpu: number;
}

/** Which end of a contestant. */
export type Role = 'server' | 'client' | `relay ${number}`;

/** One end of a contestant and the process that it is in. */
interface End {
  readonly role: Role;
  /** Its name there. */
  readonly end: string;
  readonly worker: WorkerProcess;
}

/** A server and a client of one peer, connected to each other, by way of its relays if it has any; each in a process of its own. */
export class Contestant {
  private constructor(
    readonly peer: Peer,
    private readonly server: End,
    private readonly relays: readonly End[],
    private readonly client: End,
  ) {}

  /** Starts it: the server on CPU 0 and the client on CPU 1 where they can be bound, relays in turn. */
  static async start(peer: Peer, staff: Staff): Promise<Contestant> {
    const endOf = (role: Role, cpu: number): End => {
      const end = `${peer.name} ${role}`;
      return { role, end, worker: staff.worker(end, cpu) };
    };
    const server = endOf('server', 0);
    const relays = Array.from({ length: peer.relays ?? 0 }, (_, place) => endOf(`relay ${place}`, place % 2));
    const client = endOf('client', 1);
    const contestant = new Contestant(peer, server, relays, client);
    try {
      let port = await server.worker.ask('serve', { end: server.end, peer: peer.name });
      for (const [place, { worker, end }] of relays.entries()) {
        port = await worker.ask('relay', { end, peer: peer.name, next: port, place });
      }
      await client.worker.ask('dial', { end: client.end, peer: peer.name, port });
      return contestant;
    } catch (error) {
      contestant.kill();
      throw error;
    }
  }

  /** Runs a cell without counting. */
  async warmUp(cell: Cell, seconds: number): Promise<void> {
    await this.measure(cell, seconds);
  }

  async run(cell: Cell, seconds: number): Promise<Result> {
    const before = await this.cpu();
    const { cpu: clientCpu, ...measurement } = await this.measure(cell, seconds);
    const after = await this.cpu();
    return {
      ...measurement,
      clientCpu,
      serverCpu: (after.server - before.server) / measurement.calls,
      relayCpu: (after.relays - before.relays) / measurement.calls / Math.max(1, this.relays.length),
    };
  }

  /** Bytes that the process of an end has in use after a collection. */
  memory(role: Role): Promise<number> {
    const end = this.ends.find((candidate) => candidate.role === role);
    if (!end) throw new Error(`${this.peer.name} has no ${role}`);
    return end.worker.ask('memory', {});
  }

  /**
   * Runs a cell under the profiler, and writes `<peer>.<cell>.<client|server|relay…>.cpuprofile`.
   *
   * @returns how many calls the profiles cover
   */
  async profile(cell: Cell, seconds: number, folder: string): Promise<number> {
    for (const { worker } of this.ends) await worker.ask('profile', {});
    const { calls } = await this.measure(cell, seconds);
    for (const { role, worker } of this.ends) {
      const file = join(folder, `${this.peer.name}.${cellName(cell)}.${role.replace(' ', '')}.cpuprofile`);
      await worker.ask('profiled', { file });
    }
    return calls;
  }

  async stop(): Promise<void> {
    for (const { worker, end } of this.ends.toReversed()) await worker.ask('stop', { end });
  }

  kill(): void {
    for (const { worker } of this.ends) worker.kill();
  }

  private get ends(): readonly End[] {
    return [this.server, ...this.relays, this.client];
  }

  private measure(cell: Cell, seconds: number): Promise<Measurement> {
    const { worker, end } = this.client;
    return worker.ask('measure', { end, cell, seconds });
  }

  private async cpu(): Promise<{ server: number; relays: number }> {
    let relays = 0;
    for (const { worker } of this.relays) relays += await worker.ask('cpu', {});
    return { server: await this.server.worker.ask('cpu', {}), relays };
  }
}

/** Results by cell, by peer, one for each round. */
export type Results = Map<Cell, Map<Peer, Result[]>>;

/**
 * Runs the rounds. In each, the peers take their turns cell by cell, each round beginning with another peer, so that
 * whatever the machine does meanwhile meets all of them alike. Before each turn a peer runs without being counted: while it had nothing
 * to do, its engine has given up compiled code and memory, which a process with something to do keeps.
 */
export async function contest(
  cells: readonly Cell[],
  contestants: readonly Contestant[],
  { rounds, seconds, leadSeconds }: Pick<BenchOptions, 'rounds' | 'seconds' | 'leadSeconds'>,
  onRound: (round: number) => void,
): Promise<Results> {
  const results: Results = new Map(
    cells.map((cell) => [cell, new Map(contestants.map(({ peer }) => [peer, [] as Result[]]))]),
  );
  for (let round = 0; round < rounds; round++) {
    for (const cell of cells) {
      for (const contestant of rotated(contestants, round)) {
        await contestant.warmUp(cell, leadSeconds);
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
