import { parseArgs } from 'node:util';
import { canPin, type Pinning } from './pinning.js';

/** What can be measured: the tables of peers, and what is measured without any. */
const ROWS: readonly string[] = ['rpc', 'sessions', 'hops', 'scale', 'beside', 'store', 'idle', 'start'];

/** What takes many minutes, and is therefore measured only when it is named. */
export const LONG_ROWS: readonly string[] = ['memory', 'hop-memory'];

/** What the command line says. */
export interface BenchOptions {
  /** Names of the peers to run. Default: all. */
  readonly only?: readonly string[];
  /** Which of the tables are made. Default: all. */
  readonly rows: readonly string[];
  readonly rounds: number;
  /** Time that each peer is measured for in each cell of each round. */
  readonly seconds: number;
  /** Time that each peer runs each cell before anything is counted, so that its code is compiled. */
  readonly warmUpSeconds: number;
  /** Time before each turn in which the peer runs without being counted. */
  readonly leadSeconds: number;
  /** File that the result is written to, with the figures of every round. */
  readonly json?: string;
  /** File with the result of an earlier run. Nothing is measured then. */
  readonly from?: string;
  /** File that a chart of the result is written to, in SVG. */
  readonly chart?: string;
  /** Page in Markdown that the tables are put into. */
  readonly report?: string;
  /** Calls after which memory is looked at. Default: those of the row. */
  readonly calls?: number;
  /** Idle connections of each kind. */
  readonly connections: number;
  /** Whether server and client are bound to a CPU each, where that can be done. */
  readonly pinning: Pinning;
  /** Folder for CPU profiles of both processes of every peer, one for each cell. */
  readonly profile?: string;
  /** Whether speed is found out, or only that everything runs. */
  readonly purpose: 'speed' | 'smoke';
}

/** How to use it. */
export const USAGE = `npm run bench -- [options]

  --rows a,b     only these tables: rpc, sessions, hops, scale, beside, store, idle, start;
                 and, only when named, memory and hop-memory
  --only a,b     only these peers
  --rounds N     rounds that are counted (7)
  --seconds S    time of each peer in each cell of each round (1)
  --lead S       time before each turn of a peer in which it runs without being counted (0.5)
  --calls N      calls of memory (10000000) and hop-memory (1000000)
  --json FILE    write the result, with the figures of every round; what the file has of
                 other tables stays
  --from FILE    measure nothing, take the result that --json has written
  --chart FILE   draw the result, in SVG
  --report FILE  put the tables into a page in Markdown, such as docs/performance.md, between
                 <!-- bench:rpc --> and <!-- /bench:rpc -->, and so on
  --unpinned     do not bind server and client to a CPU each
  --profile DIR  one more round, not counted, with CPU profiles of both processes
  --smoke        one round of 0.02 s, all ends in one process, 100 idle connections: whether
                 it runs, not how fast
  --help         this text`;

/**
 * Reads the command line.
 *
 * @returns `undefined` when it asks for help
 */
export function readOptions(args: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: ROWS.join() },
      only: { type: 'string' },
      rounds: { type: 'string', default: '7' },
      seconds: { type: 'string', default: '1' },
      lead: { type: 'string', default: '0.5' },
      calls: { type: 'string' },
      json: { type: 'string' },
      from: { type: 'string' },
      chart: { type: 'string' },
      report: { type: 'string' },
      profile: { type: 'string' },
      unpinned: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    ...(values.only !== undefined && { only: values.only.split(',') }),
    ...(values.json !== undefined && { json: values.json }),
    ...(values.from !== undefined && { from: values.from }),
    ...(values.chart !== undefined && { chart: values.chart }),
    ...(values.report !== undefined && { report: values.report }),
    ...(values.profile !== undefined && { profile: values.profile }),
    ...(values.calls !== undefined && { calls: positive('calls', values.calls) }),
    rows: values.rows.split(',').map(known),
    rounds: values.smoke ? 1 : positive('rounds', values.rounds),
    seconds: values.smoke ? 0.02 : positive('seconds', values.seconds),
    warmUpSeconds: values.smoke ? 0 : 3,
    leadSeconds: values.smoke ? 0.02 : positive('lead', values.lead),
    connections: values.smoke ? 100 : 10_000,
    pinning: values.unpinned || values.smoke || !canPin() ? 'free' : 'pinned',
    purpose: values.smoke ? 'smoke' : 'speed',
  };
}

function known(rows: string): string {
  const all = [...ROWS, ...LONG_ROWS];
  if (all.includes(rows)) return rows;
  throw new Error(`--rows knows ${all.join(', ')}, not '${rows}'`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a number over 0, not '${text}'`);
  return value;
}
