import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readResult, writeResult, type BenchResult } from './bench-result.js';
import { chart } from './chart.js';
import type { Judgement } from './goals.js';
import { benchIdle } from './idle/idle.js';
import { describeMachine, thisMachine } from './machine.js';
import { benchMemory, CALL_MEMORY, HOP_MEMORY } from './memory.js';
import { readOptions, USAGE, type BenchOptions } from './options.js';
import { checkPage, writePage } from './page.js';
import { peerNamed } from './peers.js';
import { benchTable } from './run-table.js';
import { textOf, type Findings, type Section } from './section.js';
import { benchStart } from './start/start.js';
import { benchStore } from './store.js';
import { TABLES } from './tables.js';

type Bench = (options: BenchOptions) => Promise<Findings | undefined>;

const plain =
  (bench: (options: BenchOptions) => Promise<string>): Bench =>
  async (options) =>
    options.only ? undefined : { markdown: await bench(options), judgements: [] };

/** What can be measured, by its name for `--rows`, in the order in which it is. */
const BENCHES: Readonly<Record<string, Bench>> = {
  ...Object.fromEntries(TABLES.map((table) => [table.name, (options) => benchTable(table, options)])),
  memory: (options) => benchMemory(CALL_MEMORY, options),
  'hop-memory': (options) => benchMemory(HOP_MEMORY, options),
  store: plain(benchStore),
  idle: plain(benchIdle),
  start: plain(benchStart),
};

/** Runs the bench as the command line says, and prints the tables. */
export async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (!options) return console.log(USAGE);
  options.only?.forEach(peerNamed);
  if (options.from !== undefined) return write(readResult(options.from), options);
  if (options.report !== undefined) checkPage(options.report, options.rows);
  const sections = await run(options);
  console.log(summary(sections.flatMap(({ judgements }) => judgements)));
}

async function run(options: BenchOptions): Promise<readonly Section[]> {
  const machine = thisMachine(options);
  console.log(describeMachine(machine));
  const sections: Section[] = [];
  for (const [name, bench] of Object.entries(BENCHES)) {
    const found = options.rows.includes(name) ? await bench(options) : undefined;
    if (!found) continue;
    sections.push({ name, machine, ...found });
    console.log(`\n## ${name}\n\n${textOf(found)}`);
    await write({ sections }, options);
  }
  return sections;
}

/** Writes what is asked for. It is done after each section: what comes later may fail. */
async function write(result: BenchResult, { json, chart: picture, report }: BenchOptions): Promise<void> {
  if (json !== undefined) writeResult(json, result);
  if (report !== undefined) await writePage(report, result);
  const drawn = picture === undefined ? undefined : chart(json === undefined ? result : readResult(json));
  if (picture !== undefined && drawn !== undefined) writeFileSync(resolve(picture), drawn);
}

/** Which goals are not reached. */
function summary(judgements: readonly Judgement[]): string {
  if (judgements.length === 0) return '';
  const missed = judgements.filter(({ reached }) => !reached);
  const lines = missed.map(({ peer, row, goal, is }) => `  not: ${peer}, ${row}: ${is.toFixed(2)}, ${goal}`);
  return [`\n${judgements.length - missed.length} of ${judgements.length} goals are reached`, ...lines].join('\n');
}
