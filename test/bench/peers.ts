import type { Peer } from './peer.js';
import { nestGrpc } from './peers/nest-grpc.js';
import { nestTcp } from './peers/nest-tcp.js';
import { raw, rawJson } from './peers/raw.js';

/** Every peer, in the order of the tables. */
export const PEERS: readonly Peer[] = [raw, rawJson, nestGrpc, nestTcp];

/** @throws Error naming the peers there are, when there is none of that name */
export function peerNamed(name: string): Peer {
  const peer = PEERS.find((candidate) => candidate.name === name);
  if (peer) return peer;
  throw new Error(`no peer '${name}'; there are ${PEERS.map((known) => known.name).join(', ')}`);
}
