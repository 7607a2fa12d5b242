import type { Cell } from './cell.js';
import { Contestant, type Role } from './contest.js';
import type { Judgement } from './goals.js';
import { figure, markdown } from './markdown.js';
import type { BenchOptions } from './options.js';
import { peerNamed } from './peers.js';
import type { Findings } from './section.js';
import { processForEach } from './worker-process.js';

const CELL: Cell = { kind: 'rate', concurrency: 64, bytes: 128 };

/** How long calls are made until it is looked at how many there were, in s. */
const SLICE_SECONDS = 0.5;

/** How often the memory is looked at. */
const POINTS = 10;

const MIB = 1_024 * 1_024;

/** What may be in use more after the second half than after the first: code that is compiled meanwhile, for instance. */
const TOLERANCE_MIB = 1;

/** Processes whose memory is looked at while very many calls are made. */
export interface Filling {
  /** What makes the calls. */
  readonly peers: readonly string[];
  /** Whose memory it is. */
  readonly roles: readonly Role[];
  /** How many calls are made where the command line does not say it. */
  readonly calls: number;
}

/** The memory of a node: calls that follow each other on open streams pass it, and calls that are streams. */
export const HOP_MEMORY: Filling = { peers: ['one-hop', 'one-hop-unary'], roles: ['relay 0'], calls: 1_000_000 };

/** The memory of both ends over TCP. */
export const CALL_MEMORY: Filling = { peers: ['mesh-tcp'], roles: ['client', 'server'], calls: 10_000_000 };

/** Memory after so many calls, in MiB, in the order of the roles. */
export interface Point {
  readonly calls: number;
  readonly used: readonly number[];
}

/** Shows how much memory processes have in use, each time after a collection, while very many calls are made. */
export async function benchMemory(filling: Filling, options: BenchOptions): Promise<Findings> {
  const { peers, roles, calls: usual } = filling;
  const { calls = usual, only, pinning } = options;
  const parts = [`${figure(calls)} calls of ${CELL.bytes} bytes, ${CELL.concurrency} at a time`];
  const judgements: Judgement[] = [];
  for (const name of peers.filter((peer) => only?.includes(peer) ?? true)) {
    const contestant = await Contestant.start(peerNamed(name), processForEach(pinning));
    try {
      const points = await fill(contestant, roles, calls);
      await contestant.stop();
      parts.push(`### MiB in use: ${name}`, tableOf(roles, points));
      judgements.push(...judgedMemory(name, roles, points));
    } finally {
      contestant.kill();
    }
  }
  return { markdown: parts.join('\n\n'), judgements };
}

/** Makes so many calls, and looks at the memory before and each time that a tenth of them was made. */
async function fill(contestant: Contestant, roles: readonly Role[], calls: number): Promise<readonly Point[]> {
  const points: Point[] = [];
  for (let made = 0, point = 0; point <= POINTS; point++) {
    while (made < (calls * point) / POINTS) made += (await contestant.run(CELL, SLICE_SECONDS)).calls;
    const used: number[] = [];
    for (const role of roles) used.push((await contestant.memory(role)) / MIB);
    points.push({ calls: made, used });
    process.stderr.write(`memory: ${contestant.peer.name}, ${made} of ${calls} calls\n`);
  }
  return points;
}

function tableOf(roles: readonly Role[], points: readonly Point[]): string {
  return markdown([
    ['calls', ...roles],
    ...points.map(({ calls, used }) => [figure(calls, 0), ...used.map((mib) => mib.toFixed(2))]),
  ]);
}

/** Whether no more is in use after the second half of the calls than after the first. */
export function judgedMemory(name: string, roles: readonly Role[], points: readonly Point[]): readonly Judgement[] {
  const half = Math.ceil(points.length / 2);
  return roles.map((role, at) => {
    const most = (some: readonly Point[]): number => Math.max(...some.map(({ used }) => used[at] ?? NaN));
    const is = most(points.slice(half)) - most(points.slice(1, half));
    const goal = `at most ${TOLERANCE_MIB.toFixed(2)} MiB more`;
    return {
      row: `MiB in use: ${role}, second half against first`,
      peer: name,
      goal,
      is,
      reached: is <= TOLERANCE_MIB,
    };
  });
}
