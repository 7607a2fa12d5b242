import type { BenchResult } from './bench-result.js';
import type { Machine } from './machine.js';
import { figure } from './markdown.js';
import type { PeerFigures, RowData, Section } from './section.js';

/** A row of the tables that is drawn. */
interface Panel {
  readonly section: string;
  readonly title: string;
  readonly row: Pick<RowData, 'unit' | 'bytes' | 'concurrency'>;
}

const KIB = 1_024;

/** What is drawn, from the upper left to the lower right. */
const PANELS: readonly Panel[] = [
  {
    section: 'rpc',
    title: '128 bytes, 64 calls at a time',
    row: { unit: 'calls/s', bytes: 128, concurrency: 64 },
  },
  {
    section: 'rpc',
    title: '128 bytes, one call at a time: median',
    row: { unit: 'p50 µs', bytes: 128, concurrency: 1 },
  },
  {
    section: 'rpc',
    title: '64 KiB, 64 calls at a time',
    row: { unit: 'calls/s', bytes: 64 * KIB, concurrency: 64 },
  },
  {
    section: 'sessions',
    title: 'Messages of 1 MiB, 4 at a time',
    row: { unit: 'MB/s', bytes: KIB * KIB, concurrency: 4 },
  },
];

const WIDTH = 1_000;
const MARGIN = 24;
const HEAD = 64;
const GAP = 32;
const PANEL_WIDTH = (WIDTH - 2 * MARGIN - GAP) / 2;
const PANEL_HEAD = 44;
const PANEL_FOOT = 24;
const LINE = 20;
const BAR = 12;
/** Room for the names to the left of the bars, and for the values to their right. */
const NAMES = 144;
const VALUES = 64;

/** The library whose peers stand out. */
const OWN = 'nestjs-mesh';

const STYLE = `
  svg { color-scheme: light dark; font: 12px system-ui, sans-serif; }
  .back { fill: #ffffff; } text { fill: #1f2328; } .faint { fill: #59636e; }
  .grid { stroke: #d1d9e0; } .bar { fill: #8c959f; } .own { fill: #0969da; } .spread { stroke: #1f2328; }
  .title { font-size: 18px; font-weight: 600; } .heading { font-size: 14px; font-weight: 600; }
  .name { text-anchor: end; } .tick { text-anchor: middle; font-size: 11px; } .strong { font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    .back { fill: #0d1117; } text { fill: #e6edf3; } .faint { fill: #9198a1; }
    .grid { stroke: #30363d; } .bar { fill: #6e7681; } .own { fill: #4493f8; } .spread { stroke: #e6edf3; }
  }`;

/** What is drawn in a panel. */
interface Drawing {
  readonly panel: Panel;
  readonly machine: Machine;
  readonly row: RowData;
  /** Names of the peers that stand out. */
  readonly own: ReadonlySet<string>;
}

/**
 * Draws the result of a run: for each of some rows a bar for each peer, the best first, on a logarithmic scale.
 *
 * @returns `undefined` when none of the rows was measured
 */
export function chart({ sections }: BenchResult): string | undefined {
  const drawings = PANELS.flatMap((panel) => sections.flatMap((section) => drawingOf(panel, section)));
  const [first] = drawings;
  if (!first) return undefined;
  const { machine } = first;
  let height = HEAD;
  const parts: string[] = [];
  for (let at = 0; at < drawings.length; at += 2) {
    const pair = drawings.slice(at, at + 2);
    parts.push(...pair.map((drawing, side) => drawn(drawing, MARGIN + side * (PANEL_WIDTH + GAP), height)));
    height += Math.max(...pair.map(heightOf)) + GAP;
  }
  const about = `${machine.date}, Node ${machine.node}, ${machine.cpu}, ${machine.cores} cores: medians of ${machine.rounds} rounds`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>Calls and messages between two processes on one machine</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="back" width="${WIDTH}" height="${height}"/>`,
    text(MARGIN, 28, 'title', 'Calls and messages between two processes on one machine'),
    text(MARGIN, 48, 'faint', `${about}, lines from the least to the most; logarithmic scales`),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function drawingOf(panel: Panel, { name, machine, table }: Section): readonly Drawing[] {
  if (name !== panel.section) return [];
  const { unit, bytes, concurrency } = panel.row;
  const row = table?.rows.find((one) => one.unit === unit && one.bytes === bytes && one.concurrency === concurrency);
  if (!table || !row || row.peers.length === 0) return [];
  const own = new Set(table.peers.filter(({ library }) => library === OWN).map((peer) => peer.name));
  return [{ panel, machine, row, own }];
}

function heightOf({ row }: Drawing): number {
  return PANEL_HEAD + row.peers.length * LINE + PANEL_FOOT;
}

function drawn({ panel, row, own }: Drawing, left: number, top: number): string {
  const peers = row.peers.toSorted((a, b) => (row.better === 'more' ? b.median - a.median : a.median - b.median));
  const scale = scaleOf(peers, left + NAMES, left + PANEL_WIDTH - VALUES);
  const bottom = top + PANEL_HEAD + peers.length * LINE;
  const which = row.better === 'more' ? 'longer is better' : 'shorter is better';
  return [
    text(left, top + 14, 'heading', panel.title),
    text(left, top + 32, 'faint', `${row.unit}, ${which}`),
    ...scale.ticks.flatMap(({ value, x }) => [
      `<line class="grid" x1="${x}" x2="${x}" y1="${top + PANEL_HEAD - 4}" y2="${bottom}"/>`,
      text(x, bottom + 16, 'faint tick', figure(value, 0)),
    ]),
    ...peers.map((peer, at) => barOf(peer, own, scale, left + NAMES, top + PANEL_HEAD + at * LINE)),
  ].join('\n');
}

function barOf(peer: PeerFigures, own: ReadonlySet<string>, { at }: Scale, left: number, top: number): string {
  const isOwn = own.has(peer.name);
  const middle = top + BAR / 2;
  const [from, to, end] = [peer.min, peer.max, peer.median].map(at) as [number, number, number];
  return [
    text(left - 8, top + BAR - 2, isOwn ? 'name strong' : 'name', peer.name),
    `<rect class="${isOwn ? 'own' : 'bar'}" x="${left}" y="${top}" width="${rounded(end - left)}" height="${BAR}" rx="2"/>`,
    `<line class="spread" x1="${from}" x2="${to}" y1="${middle}" y2="${middle}"/>`,
    text(rounded(Math.max(to, end) + 6), top + BAR - 2, isOwn ? 'strong' : '', figure(peer.median)),
  ].join('\n');
}

/** A logarithmic scale of whole decades. */
interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly { readonly value: number; readonly x: number }[];
}

function scaleOf(peers: readonly PeerFigures[], left: number, right: number): Scale {
  const first = Math.floor(Math.log10(Math.min(...peers.map(({ min }) => min))));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...peers.map(({ max }) => max)))));
  const at = (value: number): number => rounded(left + ((Math.log10(value) - first) / (last - first)) * (right - left));
  const decades = Array.from({ length: last - first + 1 }, (_, step) => 10 ** (first + step));
  return { at, ticks: decades.map((value) => ({ value, x: at(value) })) };
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

function text(x: number, y: number, style: string, content: string): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}"${style === '' ? '' : ` class="${style}"`}>${escaped}</text>`;
}
