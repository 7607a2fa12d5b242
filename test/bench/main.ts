import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { cellName } from './cell.js';
import { Contestant, contest } from './contest.js';
import type { Results } from './contest.js';
import { benchHopMemory } from './hop-memory.js';
import { hopReport } from './hops.js';
import { describeMachine, describePeers } from './machine.js';
import { readOptions, USAGE } from './options.js';
import type { BenchOptions, Pinning } from './options.js';
import { peerNamed } from './peers.js';
import { reasonToSkip } from './installed.js';
import type { Peer } from './peer.js';
import { report, verdict } from './report.js';
import { benchIdle } from './idle/idle.js';
import { benchStart } from './start/start.js';
import { benchStore } from './store.js';
import { TABLES } from './tables.js';
import type { Table } from './tables.js';
import { canPin } from './worker-process.js';

type Bench = (options: BenchOptions) => void | Promise<void>;

/** What is measured of some peers in a way of its own, by its name for `--rows`. */
const WITH_PEERS: Readonly<Record<string, Bench>> = { 'hop-memory': benchHopMemory };

/** What is measured without tables of peers that call each other. */
const OTHERS: Readonly<Record<string, Bench>> = {
  ...WITH_PEERS,
  store: benchStore,
  idle: benchIdle,
  start: benchStart,
};

/** Runs the bench as the command line says, and prints the tables. */
export async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (!options) return console.log(USAGE);
  const only = options.only?.map(peerNamed);
  const pinning: Pinning = options.pinning === 'pinned' && canPin() ? 'pinned' : 'free';
  console.log(describeMachine(options, pinning));
  const all: Results = new Map();
  for (const table of TABLES.filter(({ name }) => options.rows.includes(name))) {
    const wanted = only ? table.peers.filter((peer) => only.includes(peer)) : table.peers;
    const peers = wanted.filter((peer) => reasonToSkip(peer) === undefined);
    if (peers.length === 0) continue;
    for (const [cell, results] of await runTable(table, peers, pinning, options)) all.set(cell, results);
  }
  if (options.json !== undefined) writeFileSync(resolve(options.json), toJson(all));
  for (const [name, bench] of Object.entries(only ? WITH_PEERS : OTHERS)) {
    if (options.rows.includes(name)) await bench(options);
  }
}

async function runTable(
  table: Table,
  peers: readonly Peer[],
  pinning: Pinning,
  options: BenchOptions,
): Promise<Results> {
  console.log(`\n## ${table.name}\n\n${describePeers(peers)}`);
  const starting = peers.map((peer) => Contestant.start(peer, pinning));
  try {
    const contestants = await Promise.all(starting);
    const results = await run(table, contestants, options);
    const parts = [report(results, table.references), hopReport(results, table.hops), verdict(results, table.goals)];
    console.log(`\n${parts.filter((part) => part !== '').join('\n\n')}`);
    for (const contestant of contestants) await contestant.stop();
    return results;
  } finally {
    for (const start of await Promise.allSettled(starting)) if (start.status === 'fulfilled') start.value.kill();
  }
}

async function run(table: Table, contestants: readonly Contestant[], options: BenchOptions): Promise<Results> {
  for (const contestant of contestants) {
    for (const cell of table.cells) await contestant.warmUp(cell, options.warmUpSeconds);
  }
  const results = await contest(table.cells, contestants, options, (round) =>
    process.stderr.write(`${table.name}: round ${round} of ${options.rounds}\n`),
  );
  if (options.profile !== undefined) await profile(table, contestants, options.profile, options.seconds);
  return results;
}

async function profile(
  { cells }: Table,
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

function toJson(results: Results): string {
  const cells = [...results].map(([cell, peers]) => [
    cellName(cell),
    Object.fromEntries([...peers].map(([peer, rounds]) => [peer.name, rounds])),
  ]);
  return `${JSON.stringify(Object.fromEntries(cells), null, 2)}\n`;
}
