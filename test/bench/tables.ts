import { HOP_CELLS, RPC_CELLS, SESSION_CELLS, type Cell } from './cell.js';
import type { Hop } from './hops.js';
import { HOP_PEERS, RPC_PEERS, SESSION_PEERS } from './peers.js';
import type { Peer } from './peer.js';

/** What a peer is to reach: at least this share of the speed of another. */
export interface Goal {
  readonly peer: string;
  readonly against: string;
  readonly share: number;
  /** The quantities that it holds for. */
  readonly units: readonly string[];
}

/** Peers that do the same, what is measured of them, and what they are to reach. */
export interface Table {
  readonly name: string;
  readonly peers: readonly Peer[];
  readonly cells: readonly Cell[];
  /** Peers that the others are compared with. */
  readonly references: readonly string[];
  readonly goals: readonly Goal[];
  /** Peers with relays, whose cost is shown by itself. */
  readonly hops: readonly Hop[];
}

/** How calls are made. */
export const RPC_TABLE: Table = {
  name: 'rpc',
  peers: RPC_PEERS,
  cells: RPC_CELLS,
  references: ['raw', 'nest-grpc'],
  goals: [
    { peer: 'mesh', against: 'raw', share: 0.85, units: ['p50 µs', 'p99 µs', 'calls/s'] },
    { peer: 'mesh', against: 'nest-grpc', share: 1, units: ['p50 µs', 'p99 µs', 'calls/s'] },
  ],
  hops: [],
};

/** How messages are exchanged. */
export const SESSION_TABLE: Table = {
  name: 'sessions',
  peers: SESSION_PEERS,
  cells: SESSION_CELLS,
  references: ['raw', 'raw-stream'],
  goals: [
    { peer: 'session', against: 'raw', share: 0.8, units: ['calls/s'] },
    { peer: 'two-nodes', against: 'raw', share: 0.8, units: ['calls/s'] },
    { peer: 'session-stream', against: 'raw', share: 3, units: ['calls/s'] },
    { peer: 'session', against: 'raw', share: 1 / 1.3, units: ['p50 µs'] },
  ],
  hops: [],
};

/** How calls are passed on by nodes. */
export const HOP_TABLE: Table = {
  name: 'hops',
  peers: HOP_PEERS,
  cells: HOP_CELLS,
  references: ['raw', 'mesh'],
  goals: [],
  hops: [
    { peer: 'raw-relay', direct: 'raw' },
    { peer: 'one-hop', direct: 'mesh' },
    { peer: 'two-hops', direct: 'mesh' },
    { peer: 'one-hop-unary', direct: 'mesh-unary' },
  ],
};

/** All tables, in the order in which they are made. */
export const TABLES: readonly Table[] = [RPC_TABLE, SESSION_TABLE, HOP_TABLE];
