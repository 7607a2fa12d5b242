import { BESIDE_CELLS, HOP_CELLS, RPC_CELLS, SCALE_CELLS, SESSION_CELLS, type Cell } from './cell.js';
import type { Goal } from './goals.js';
import type { Hop } from './hops.js';
import { BESIDE_PEERS, HOP_PEERS, RPC_PEERS, SCALE_PEERS, SESSION_PEERS } from './peers.js';
import type { Peer } from './peer.js';

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
  /** A table for each row, the cost of calls as they grow more, or the time of calls beside large messages. */
  readonly shows: 'rows' | 'scale' | 'beside';
}

const KIB = 1_024;
const MIB = 1_024 * KIB;
const TIMES = ['p50 µs', 'p99 µs'];
const RATE = ['calls/s'];
const ALL = [...TIMES, ...RATE];

/** How calls are made. */
export const RPC_TABLE: Table = {
  name: 'rpc',
  peers: RPC_PEERS,
  cells: RPC_CELLS,
  references: ['net-frames', 'raw', 'nest-grpc', 'nest-tcp'],
  goals: [
    { peer: 'mesh', against: 'raw', share: 0.85, units: ALL },
    { peer: 'mesh', against: 'nest-grpc', share: 1, units: ALL },
    { peer: 'mesh', against: 'raw', share: 8, units: RATE, bytes: 128 },
    { peer: 'mesh', against: 'nest-tcp', share: 1, units: RATE, bytes: 128 },
    { peer: 'mesh-tcp', against: 'nest-tcp', share: 2, units: RATE, bytes: 128 },
    { peer: 'mesh-tcp', against: 'moleculer', share: 1.5, units: RATE, bytes: 128 },
    { peer: 'mesh-tcp', against: 'raw', share: 18, units: RATE, bytes: 128 },
    { peer: 'mesh-tcp', against: 'nest-tcp', share: 1 / 0.8, units: TIMES, bytes: 128 },
    { peer: 'mesh-tcp-bytes', against: 'raw', share: 8, units: RATE, bytes: 64 * KIB },
    { peer: 'mesh-tcp-bytes', against: 'nest-tcp', share: 8, units: RATE, bytes: 64 * KIB },
    { peer: 'mesh-unary', against: 'raw', share: 1.15, units: RATE },
    { peer: 'mesh-http1', against: 'nest-http', share: 0.9, units: RATE },
  ],
  hops: [],
  shows: 'rows',
};

/** How messages are exchanged. */
export const SESSION_TABLE: Table = {
  name: 'sessions',
  peers: SESSION_PEERS,
  cells: SESSION_CELLS,
  references: ['net-frames', 'raw', 'raw-stream'],
  goals: [
    { peer: 'session', against: 'raw', share: 0.8, units: RATE },
    { peer: 'two-nodes', against: 'raw', share: 0.8, units: RATE },
    { peer: 'session-stream', against: 'raw', share: 3, units: RATE },
    { peer: 'session', against: 'raw', share: 1 / 1.3, units: ['p50 µs'] },
    { peer: 'session-tcp', against: 'raw', share: 2, units: ['p50 µs'] },
    { peer: 'session-tcp', against: 'raw', share: 5, units: ['MB/s'], bytes: MIB },
    { peer: 'session-tcp', against: 'net-frames', share: 0.6, units: ['MB/s'], bytes: MIB },
  ],
  hops: [],
  shows: 'rows',
};

/** How calls are passed on by nodes. */
export const HOP_TABLE: Table = {
  name: 'hops',
  peers: HOP_PEERS,
  cells: HOP_CELLS,
  references: ['raw', 'mesh', 'mesh-tcp'],
  goals: [{ peer: 'one-hop-tcp', against: 'mesh-tcp', share: 0.4, units: ['p50 µs', 'calls/s'] }],
  hops: [
    { peer: 'raw-relay', direct: 'raw' },
    { peer: 'one-hop', direct: 'mesh' },
    { peer: 'two-hops', direct: 'mesh' },
    { peer: 'one-hop-tcp', direct: 'mesh-tcp' },
    { peer: 'one-hop-unary', direct: 'mesh-unary' },
  ],
  shows: 'rows',
};

/** What a call costs as there are more of them, and more connections. */
export const SCALE_TABLE: Table = {
  name: 'scale',
  peers: SCALE_PEERS,
  cells: SCALE_CELLS,
  references: [],
  goals: [],
  hops: [],
  shows: 'scale',
};

/** How long small calls take while large messages are on their way over the same connection. */
export const BESIDE_TABLE: Table = {
  name: 'beside',
  peers: BESIDE_PEERS,
  cells: BESIDE_CELLS,
  references: [],
  goals: [],
  hops: [],
  shows: 'beside',
};

/** All tables, in the order in which they are made. */
export const TABLES: readonly Table[] = [RPC_TABLE, SESSION_TABLE, HOP_TABLE, SCALE_TABLE, BESIDE_TABLE];
