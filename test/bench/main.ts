import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CELLS, cellName } from './cell.js';
import { Contestant, contest } from './contest.js';
import type { Results } from './contest.js';
import { describe } from './machine.js';
import { readOptions, USAGE } from './options.js';
import type { BenchOptions, Pinning } from './options.js';
import { peerNamed, PEERS } from './peers.js';
import { report, verdict } from './report.js';
import { canPin } from './worker-process.js';

/** Runs the bench as the command line says, and prints the tables. */
export async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (!options) return console.log(USAGE);
  const peers = options.only?.map(peerNamed) ?? PEERS;
  const pinning: Pinning = options.pinning === 'pinned' && canPin() ? 'pinned' : 'free';
  console.log(describe(peers, options, pinning));
  const contestants: Contestant[] = [];
  try {
    for (const peer of peers) contestants.push(await Contestant.start(peer, pinning));
    const results = await run(contestants, options);
    console.log(`\n${report(results)}\n\n${verdict(results)}`);
    if (options.json !== undefined) writeFileSync(resolve(options.json), toJson(results));
    for (const contestant of contestants) await contestant.stop();
  } finally {
    for (const contestant of contestants) contestant.kill();
  }
}

async function run(contestants: readonly Contestant[], options: BenchOptions): Promise<Results> {
  for (const contestant of contestants) {
    for (const cell of CELLS) await contestant.warmUp(cell, options.warmUpSeconds);
  }
  const results = await contest(contestants, options.rounds, options.seconds, (round) =>
    process.stderr.write(`round ${round} of ${options.rounds}\n`),
  );
  if (options.profile !== undefined) await profile(contestants, options.profile, options.seconds);
  return results;
}

async function profile(contestants: readonly Contestant[], folder: string, seconds: number): Promise<void> {
  mkdirSync(resolve(folder), { recursive: true });
  for (const contestant of contestants) {
    for (const cell of CELLS) {
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
