import type { Dialled, Ends } from './peer.js';

/** A peer's client, once for each number of connections that it was measured with. */
export class BenchClient {
  private readonly dialled = new Map<number | undefined, Promise<Dialled>>();

  constructor(
    private readonly ends: Ends,
    private readonly port: number,
  ) {}

  /** The client with so many connections, or with as many as the peer comes with. */
  over(connections: number | undefined): Promise<Dialled> {
    const known = this.dialled.get(connections);
    if (known) return known;
    const dialled = this.ends.dial(this.port, connections);
    this.dialled.set(connections, dialled);
    return dialled;
  }

  /** Closes all of them. */
  async close(): Promise<void> {
    await Promise.all([...this.dialled.values()].map(async (dialled) => (await dialled).close()));
  }
}
