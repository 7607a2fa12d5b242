import type { Cell } from './cell.js';
import { cellName } from './cell.js';
import type { Result, Results } from './contest.js';
import { verdict, type Judgement } from './goals.js';
import { reasonToSkip } from './installed.js';
import { versionOf, type Machine } from './machine.js';
import type { Peer } from './peer.js';
import { entriesOf, rowName, rowsOf, type Row } from './rows.js';
import { median, summarise, type Summary } from './stats.js';

/** One part of what was found out, as it is printed, and as it is written to files. */
export interface Section {
  /** Name for `--rows`. */
  readonly name: string;
  readonly machine: Machine;
  /** What is shown of it: its tables, with headings of the third level. */
  readonly markdown: string;
  /** Whether it is as it is to be. */
  readonly judgements: readonly Judgement[];
  /** The figures, where peers were compared. */
  readonly table?: TableData;
}

/** What is found out of a section. */
export type Findings = Omit<Section, 'name' | 'machine'>;

/** The figures of a table. */
export interface TableData {
  readonly peers: readonly PeerData[];
  /** Peers that could not run here, and why. */
  readonly skipped: readonly { readonly name: string; readonly why: string }[];
  readonly rows: readonly RowData[];
  /** The figures of every round, by cell, by peer. */
  readonly rounds: Readonly<Record<string, Readonly<Record<string, readonly Result[]>>>>;
}

/** What a peer is, in which version. */
export interface PeerData extends Pick<Peer, 'name' | 'about' | 'library'> {
  readonly version: string;
}

/** A quantity of all peers. */
export interface RowData extends Pick<Row, 'unit' | 'better'>, Omit<Cell, 'kind'> {
  readonly name: string;
  readonly kind: Cell['kind'];
  readonly peers: readonly PeerFigures[];
}

/** A quantity of one peer: the median of the rounds, the least and the most, and the CPU time of a call at both ends. */
export interface PeerFigures extends Summary {
  readonly name: string;
  readonly clientCpu: number;
  readonly serverCpu: number;
}

/** What is written of a table. `wanted` are the peers that were to run. */
export function tableData(results: Results, wanted: readonly Peer[]): TableData {
  return {
    peers: wanted.filter((peer) => reasonToSkip(peer) === undefined).map(peerData),
    skipped: wanted.flatMap((peer) => {
      const why = reasonToSkip(peer);
      return why === undefined ? [] : [{ name: peer.name, why }];
    }),
    rows: [...results.keys()].flatMap(rowsOf).map((row) => rowData(results, row)),
    rounds: Object.fromEntries(
      [...results].map(([cell, peers]) => [
        cellName(cell),
        Object.fromEntries([...peers].map(([{ name }, rounds]) => [name, rounds])),
      ]),
    ),
  };
}

/** Says what was compared, in which versions, and what was not. */
export function describePeers({ peers, skipped }: Pick<TableData, 'peers' | 'skipped'>): string {
  const width = Math.max(...[...peers, ...skipped].map(({ name }) => name.length));
  return [
    ...peers.map(({ name, about, library, version }) => `${name.padEnd(width)}  ${about} (${library} ${version})`),
    ...skipped.map(({ name, why }) => `${name.padEnd(width)}  skipped: ${why}`),
  ].join('\n');
}

/** All that is shown of a section. */
export function textOf({ markdown, judgements }: Findings): string {
  return [markdown, verdict(judgements)].filter((part) => part !== '').join('\n\n');
}

function peerData({ name, about, library }: Peer): PeerData {
  return { name, about, library, version: versionOf(library) };
}

function rowData(results: Results, row: Row): RowData {
  const { cell, unit, better } = row;
  const peers = entriesOf(results, row).map(({ peer, rounds }) => ({
    name: peer.name,
    ...summarise(rounds.map((result) => row.value(result, peer))),
    clientCpu: median(rounds.map(({ clientCpu }) => clientCpu / row.share(peer))),
    serverCpu: median(rounds.map(({ serverCpu }) => serverCpu / row.share(peer))),
  }));
  return { name: rowName(row), ...cell, unit, better, peers };
}
