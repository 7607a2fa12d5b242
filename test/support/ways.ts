import type { MeshOptions } from 'nestjs-mesh';

/** Where connections are lost, they are made again at once. */
const QUICK = { reconnectMinMs: 1 };

/** How a consumer calls by one transport alone, whatever else the peer offers. */
export type Way = readonly [name: string, options: Pick<MeshOptions, 'use' | 'grpc' | 'tcp'>];

/** Over gRPC: a stream for each call, or calls that follow each other on one. */
export const overGrpc = (mode: 'unary' | 'auto' | 'stream'): Way => [
  `over gRPC, ${mode}`,
  { use: { transport: 'grpc' }, grpc: { mode, ...QUICK } },
];

/** The ways that have something of their own to lose. */
export const ways: readonly Way[] = [
  overGrpc('unary'),
  overGrpc('stream'),
  ['over TCP', { use: { transport: 'tcp' }, tcp: QUICK }],
];
