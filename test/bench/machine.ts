import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import type { Pinning } from './pinning.js';

const GIB = 1_024 ** 3;

/** Where and how it was measured: figures mean nothing without it. */
export interface Machine {
  /** The day, `2026-01-31`. */
  readonly date: string;
  readonly node: string;
  readonly system: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly pinning: Pinning;
  readonly rounds: number;
  /** Time of each peer in each cell of each round. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Time before each turn in which a peer ran without being counted; in results of before there was a choice, absent. */
  readonly leadSeconds?: number;
}

/** This machine, and how it is measured on it. */
export function thisMachine(
  how: Pick<Machine, 'pinning' | 'rounds' | 'seconds' | 'warmUpSeconds' | 'leadSeconds'>,
): Machine {
  const { pinning, rounds, seconds, warmUpSeconds, leadSeconds } = how;
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    system: `${type()} ${release()}`,
    cpu: cpus()[0]?.model ?? 'unknown CPU',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / GIB),
    pinning,
    rounds,
    seconds,
    warmUpSeconds,
    ...(leadSeconds !== undefined && { leadSeconds }),
  };
}

/** Says it in words. */
export function describeMachine(machine: Machine): string {
  const { date, node, system, cpu, cores, memoryGib, pinning, rounds, seconds, warmUpSeconds } = machine;
  const { leadSeconds = 0.5 } = machine;
  return [
    `${date}, Node ${node}, ${system}, ${cpu}, ${cores} cores, ${memoryGib} GiB`,
    pinning === 'pinned' ? 'servers on CPU 0, clients on CPU 1' : 'processes not bound to CPUs',
    `${rounds} rounds of ${seconds} s for each peer and cell, after ${warmUpSeconds} s of warm-up, and ${leadSeconds} s before each turn`,
  ].join('\n');
}

/** The version of a package as it is installed here, or of Node for what is built into it. */
export function versionOf(library: string): string {
  if (library === 'node') return process.versions.node;
  const root = new URL('../../../', import.meta.url);
  const own = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { name: string; version: string };
  if (library === own.name) return own.version;
  const manifest = readFileSync(new URL(`node_modules/${library}/package.json`, root), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
