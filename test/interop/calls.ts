import type { Component } from './nest-apps.js';

/** What each recorded request is as a call of our consumer; those that no consumer makes are absent. */
export const CALLS: Readonly<Record<string, (component: Component) => Promise<unknown>>> = {
  scalars: ({ kinds }) => kinds.scalars('节点4', 42n, 1.5, true),
  'scalars: int beyond 2^53': ({ kinds }) => kinds.scalars('', -9_007_199_254_740_993n, 1e-7, false),
  collections: ({ kinds }) => kinds.collections([1, 2, 3], { a: 'b' }),
  bytes: async ({ kinds }) => base64(await kinds.binary(new Uint8Array([0, 1, 2, 3, 4, 5, 255, 254]))),
  'nested object': ({ kinds }) => kinds.order({ id: 'o-1', amount: 12.5, items: ['x', 'y'] }),
  'no arguments, null content': ({ kinds }) => kinds.nothing(),
  'provider throws': ({ kinds }) => kinds.fails('boom 错误'),
  'provider throws a coded error': ({ kinds }) => kinds.denied('no'),
};

/** Bytes as they stand in JSON. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
