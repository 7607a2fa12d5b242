import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { CalledUrns } from '../../../../lib/node/gateway/called-urns.js';
import { formatUrn, type UrnParts } from '../../../../lib/protocol/urn.js';

const own = { nodeId: 'LX0000010000010', instId: 'JG0100000100000000', domain: 'example.org' };

function called(said: Partial<UrnParts>): ReturnType<CalledUrns['read']> {
  return new CalledUrns(own).read(formatUrn({ name: 'mesh.trust.apply', nodeId: own.nodeId, ...said }));
}

describe('CalledUrns', () => {
  it('tells the name of the service', () => {
    expect(called({ name: '${mesh.name}.builtin.doc' }).name).toBe('${mesh.name}.builtin.doc');
  });

  it.each(['LX0000010000010', 'lx0000010000010', 'JG0100000100000000', 'LX0000000000000', 'JG0000000000000000'])(
    'takes %s for this node',
    (nodeId) => expect(called({ nodeId }).elsewhere).toBe(''),
  );

  it('tells which node is named, in lower case', () => {
    expect(called({ nodeId: 'LX0000010000020' }).elsewhere).toBe('lx0000010000020');
  });

  it('tells the very instance asked for, when address and port are named', () => {
    expect(called({ flag: { address: '10.0.0.7', port: 7304 } }).address).toBe('10.0.0.7:7304');
    expect(called({ flag: { address: '10.0.0.7' } }).address).toBe('');
    expect(called({ flag: { port: 7304 } }).address).toBe('');
  });

  it('takes the domain of the options and the usual one for its own', () => {
    expect(called({ domain: 'Example.org' }).domain).toBe('own');
    expect(called({ domain: 'trustbe.cn' }).domain).toBe('own');
    expect(called({ domain: 'trustbe.cn.evil.com' }).domain).toBe('foreign');
  });

  it('reads a URN once, and no more than so many are remembered', () => {
    const urns = new CalledUrns(own);
    const urn = (n: number): string => formatUrn({ name: `mesh.trust.s${n}`, nodeId: own.nodeId });
    expect(urns.read(urn(0))).toBe(urns.read(urn(0)));
    for (let n = 0; n < 5_000; n++) urns.read(urn(n));
    expect(urns.read(urn(0))).toBe(urns.read(urn(0)));
    expect(urns.read(urn(4_999))).not.toBe(urns.read(urn(4_999)));
    expect(urns.read(urn(4_999)).name).toBe('mesh.trust.s4999');
  });

  it('refuses what is no URN', () => {
    expect(() => new CalledUrns(own).read('../../etc/passwd')).toThrow(
      expect.objectContaining({ code: MeshCode.INVALID_REQUEST }) as Error,
    );
  });
});
