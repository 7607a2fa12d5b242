import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import type { MeshOptions } from '../../../lib/options/mesh-options.js';
import { resolveMeshOptions } from '../../../lib/options/resolve-options.js';

const LX2 = { nodeId: 'LX2', address: 'a:1' };

/** The sentences with which partners are refused. */
function refusals(...partners: readonly unknown[]): readonly string[] {
  try {
    resolveMeshOptions({ nodeId: 'LX1', partners } as MeshOptions, {});
  } catch (error) {
    if (error instanceof MeshError) return error.details;
    throw error;
  }
  return [];
}

describe('the option partners', () => {
  it('is filled in', () => {
    expect(resolveMeshOptions({ partners: [{ nodeId: 'LX2', address: 'a,b' }] }, {}).partners).toEqual([
      {
        nodeId: 'LX2',
        instId: '',
        addresses: ['a:7304', 'b:7304'],
        transport: 'auto',
        mode: 'pass-through',
        dialect: 'standard',
        contentType: 'application/x-protobuf',
        timeoutMs: 20_000,
        via: 'invoke',
      },
    ]);
  });

  it('takes several addresses as a list too, each once', () => {
    const partners = [{ nodeId: 'LX2', address: ['a,b:1', 'c', 'a:1'] }];
    expect(resolveMeshOptions({ partners }, {}).partners[0]?.addresses).toEqual(['a:1', 'b:1', 'c:7304']);
  });

  it('wraps what is sent on a stream', () => {
    const partners = [{ ...LX2, via: 'transport' as const }];
    expect(resolveMeshOptions({ partners }, {}).partners[0]?.mode).toBe('wrapped');
  });

  it.each([
    ['no node', { address: 'a:1' }, 'partners[0].nodeId is missing'],
    ['no address', { nodeId: 'LX2' }, 'partners[0].address is missing'],
    ['an empty list', { nodeId: 'LX2', address: [] }, 'partners[0].address must name at least one address, got none'],
    ['a list of other things', { nodeId: 'LX2', address: ['a', 1] }, 'partners[0].address[1] must be a text, got 1'],
    [
      'an address of another kind',
      { nodeId: 'LX2', address: 1 },
      'partners[0].address must be a text or an array of texts, got 1',
    ],
    ['itself', { nodeId: 'lx1', address: 'a:1' }, "partners[0].nodeId must be another node, got this node's own 'lx1'"],
    [
      'a transport that is none',
      { ...LX2, transport: 'mqtt' },
      "partners[0].transport must be 'auto' or 'grpc' or 'http' or 'tcp', got 'mqtt'",
    ],
    ['a mode that is none', { ...LX2, mode: 'x' }, "partners[0].mode must be 'pass-through' or 'wrapped', got 'x'"],
    ['a call that is none', { ...LX2, via: 'x' }, "partners[0].via must be 'invoke' or 'transport', got 'x'"],
    [
      'a content type over gRPC',
      { ...LX2, contentType: 'application/json' },
      "partners[0].contentType is for the transport 'http' only: over the others everything is protobuf",
    ],
    [
      'a content type over TCP',
      { ...LX2, transport: 'tcp', contentType: 'application/json' },
      "partners[0].contentType is for the transport 'http' only: over the others everything is protobuf",
    ],
    [
      'a content type with parameters',
      { ...LX2, transport: 'http', contentType: 'application/json; charset=utf-8' },
      "partners[0].contentType must be a content type without parameters, in lower case, such as application/json, got 'application/json; charset=utf-8'",
    ],
    [
      'a stream over HTTP',
      { ...LX2, transport: 'http', via: 'transport' },
      "partners[0].via must be 'invoke' with the transport 'http', which carries no streams, got 'transport'",
    ],
    [
      'a stream that wraps nothing',
      { ...LX2, mode: 'pass-through', via: 'transport' },
      "partners[0].mode must be 'wrapped' with via 'transport', got 'pass-through'",
    ],
    ['no time', { ...LX2, timeoutMs: 0 }, 'partners[0].timeoutMs must be a whole number from 1 to 2147483647, got 0'],
    ['a text', 'a:1', "partners[0] must be an object, got 'a:1'"],
  ])('is refused with %s', (_, partner, sentence) => {
    expect(refusals(partner)).toEqual([sentence]);
  });

  it('is refused with two entries for one node', () => {
    expect(refusals(LX2, { nodeId: 'LX3', address: 'a' }, { nodeId: 'lx2', address: 'b' })).toEqual([
      "partners[2].nodeId must be a node without another entry, got 'lx2', which partners[0] has",
    ]);
  });
});
