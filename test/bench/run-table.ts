import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { besideReport, undelayed } from './beside.js';
import { cellName, hurried, type Cell } from './cell.js';
import { Contestant, contest, type Results } from './contest.js';
import { judge } from './goals.js';
import { hopReport } from './hops.js';
import { reasonToSkip } from './installed.js';
import type { BenchOptions } from './options.js';
import { report } from './report.js';
import { flatness, scaleReport } from './scale.js';
import { describePeers, tableData, type Findings } from './section.js';
import type { Table } from './tables.js';
import { oneProcess, processForEach } from './worker-process.js';

/** Beyond so many calls under way a smoke run would find nothing new. */
const MOST_IN_SMOKE = 256;

/**
 * Runs the peers of a table that are asked for and can run here.
 *
 * @returns `undefined` when there are none
 */
export async function benchTable(table: Table, options: BenchOptions): Promise<Findings | undefined> {
  const { only, purpose, pinning } = options;
  const wanted = table.peers.filter(({ name }) => only?.includes(name) ?? true);
  const peers = wanted.filter((peer) => reasonToSkip(peer) === undefined);
  if (peers.length === 0) return undefined;
  const cells = purpose === 'speed' ? table.cells : smokeCells(table);
  const staff = purpose === 'smoke' ? oneProcess() : processForEach(pinning);
  const starting = peers.map((peer) => Contestant.start(peer, staff));
  try {
    const contestants = await Promise.all(starting);
    const results = await run({ ...table, cells }, contestants, options);
    for (const contestant of contestants) await contestant.stop();
    const data = tableData(results, wanted);
    const parts = [`\`\`\`text\n${describePeers(data)}\n\`\`\``, ...partsOf(table, results)];
    return { markdown: parts.join('\n\n'), judgements: judgementsOf(table, results), table: data };
  } finally {
    for (const start of await Promise.allSettled(starting)) if (start.status === 'fulfilled') start.value.kill();
  }
}

function smokeCells({ cells }: Table): readonly Cell[] {
  return cells.filter(({ concurrency }) => concurrency <= MOST_IN_SMOKE).map(hurried);
}

function partsOf({ shows, references, hops }: Table, results: Results): readonly string[] {
  if (shows === 'scale') return [scaleReport(results)];
  if (shows === 'beside') return [besideReport(results)];
  return [report(results, references), hopReport(results, hops)].filter((part) => part !== '');
}

function judgementsOf({ shows, goals }: Table, results: Results): Findings['judgements'] {
  if (shows === 'scale') return flatness(results);
  if (shows === 'beside') return undelayed(results);
  return judge(results, goals);
}

async function run(table: Table, contestants: readonly Contestant[], options: BenchOptions): Promise<Results> {
  if (options.purpose === 'speed') await warmUp(table.cells, contestants, options.warmUpSeconds);
  const results = await contest(table.cells, contestants, options, (round) =>
    process.stderr.write(`${table.name}: round ${round} of ${options.rounds}\n`),
  );
  if (options.profile !== undefined) await profile(table.cells, contestants, options.profile, options.seconds);
  return results;
}

async function warmUp(cells: readonly Cell[], contestants: readonly Contestant[], seconds: number): Promise<void> {
  for (const contestant of contestants) {
    for (const cell of cells) await contestant.warmUp(cell, seconds);
  }
}

async function profile(
  cells: readonly Cell[],
  contestants: readonly Contestant[],
  folder: string,
  seconds: number,
): Promise<void> {
  mkdirSync(resolve(folder), { recursive: true });
  for (const contestant of contestants) {
    for (const cell of cells) {
      const calls = await contestant.profile(cell, seconds, resolve(folder));
      process.stderr.write(`profile of ${contestant.peer.name}, ${cellName(cell)}: ${calls} calls\n`);
    }
  }
}
