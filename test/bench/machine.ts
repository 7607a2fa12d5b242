import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, type } from 'node:os';
import type { BenchOptions, Pinning } from './options.js';
import type { Peer } from './peer.js';

/** Says where it was measured, and how: figures mean nothing without it. */
export function describeMachine(options: BenchOptions, pinning: Pinning): string {
  return [
    `Node ${process.version}, ${type()} ${release()}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores`,
    pinning === 'pinned' ? 'servers on CPU 0, clients on CPU 1' : 'processes not bound to CPUs',
    `${options.rounds} rounds of ${options.seconds} s for each peer and cell, after ${options.warmUpSeconds} s of warm-up`,
  ].join('\n');
}

/** Says what was measured. */
export function describePeers(peers: readonly Peer[]): string {
  const width = Math.max(...peers.map((peer) => peer.name.length));
  return peers
    .map((peer) => `  ${peer.name.padEnd(width)}  ${peer.about} (${peer.library} ${versionOf(peer.library)})`)
    .join('\n');
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
