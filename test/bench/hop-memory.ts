import type { Cell } from './cell.js';
import { Contestant } from './contest.js';
import { figure, markdown } from './markdown.js';
import type { BenchOptions, Pinning } from './options.js';
import { peerNamed } from './peers.js';
import { canPin } from './worker-process.js';

/** Calls that follow each other on open streams, and calls that are streams. */
const PEERS = ['one-hop', 'one-hop-unary'];

const CELL: Cell = { kind: 'rate', concurrency: 64, bytes: 128 };

/** How long calls are made until it is looked at how many there were, in s. */
const SLICE_SECONDS = 0.5;

/** How often the memory is looked at. */
const POINTS = 10;

const MIB = 1_024 * 1_024;

/** What may be in use more after the second half than after the first: code that is compiled meanwhile, for instance. */
const TOLERANCE = MIB;

/** Memory after so many calls. */
interface Point {
  readonly calls: number;
  readonly bytes: number;
}

/** Prints how much memory a node has in use, each time after a collection, while very many calls pass it. */
export async function benchHopMemory({ calls, pinning, only }: BenchOptions): Promise<void> {
  console.log(
    `\n## hop-memory\n\n${figure(calls)} calls of ${CELL.bytes} bytes through a node, ${CELL.concurrency} at a time`,
  );
  for (const name of PEERS.filter((peer) => only?.includes(peer) ?? true)) {
    const points = await fill(name, calls, pinning === 'pinned' && canPin() ? 'pinned' : 'free');
    const rows = points.map(({ calls, bytes }) => [figure(calls), (bytes / MIB).toFixed(2)]);
    console.log(`\n### ${name}\n\n${markdown([['calls', 'MiB in use'], ...rows])}\n\n${judged(points)}`);
  }
}

/** Makes so many calls, and looks at the memory of the node before and each time that a tenth of them was made. */
async function fill(name: string, calls: number, pinning: Pinning): Promise<readonly Point[]> {
  const contestant = await Contestant.start(peerNamed(name), pinning);
  try {
    const points: Point[] = [];
    for (let made = 0, point = 0; point <= POINTS; point++) {
      while (made < (calls * point) / POINTS) made += (await contestant.run(CELL, SLICE_SECONDS)).calls;
      points.push({ calls: made, bytes: await contestant.relayMemory(0) });
      process.stderr.write(`hop-memory: ${name}, ${made} of ${calls} calls\n`);
    }
    await contestant.stop();
    return points;
  } finally {
    contestant.kill();
  }
}

/** Whether no more is in use after the second half of the calls than after the first. */
function judged(points: readonly Point[]): string {
  const most = (some: readonly Point[]): number => Math.max(...some.map(({ bytes }) => bytes));
  const grown = most(points.slice(POINTS / 2 + 1)) - most(points.slice(1, POINTS / 2 + 1));
  return `second half against first: ${(grown / MIB).toFixed(2)} MiB; flat: ${grown <= TOLERANCE ? 'yes' : 'no'}`;
}
