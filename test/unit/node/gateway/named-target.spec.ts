import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { namedTarget } from '../../../../lib/node/gateway/named-target.js';

function named(headers: Readonly<Record<string, string>>): ReturnType<typeof namedTarget> {
  return namedTarget(headers, (id) => ['lx1', 'jg1'].includes(id.toLowerCase()));
}

describe('namedTarget', () => {
  it('is nobody where no header says anything', () => {
    expect(named({})).toBeUndefined();
    expect(named({ 'x-ptp-target-node-id': '', 'mesh-target-inst-id': '' })).toBeUndefined();
  });

  it.each([
    [{ 'x-ptp-target-node-id': 'LX2' }, { nodeId: 'LX2', instId: '' }],
    [{ 'mesh-target-node-id': 'LX2' }, { nodeId: 'LX2', instId: '' }],
    [{ 'x-ptp-target-inst-id': 'JG2' }, { nodeId: '', instId: 'JG2' }],
    [{ 'mesh-target-inst-id': 'JG2' }, { nodeId: '', instId: 'JG2' }],
    [
      { 'x-ptp-target-node-id': 'LX2', 'mesh-target-inst-id': 'JG2' },
      { nodeId: 'LX2', instId: 'JG2' },
    ],
    [
      { 'x-ptp-target-node-id': 'LX2', 'mesh-target-node-id': 'lx2' },
      { nodeId: 'LX2', instId: '' },
    ],
  ])('reads %j in either spelling', (headers, target) => expect(named(headers)).toEqual(target));

  it.each<Readonly<Record<string, string>>>([
    { 'x-ptp-target-node-id': 'lx1' },
    { 'x-ptp-target-inst-id': 'JG1' },
    // The node goes first, whatever institution is named.
    { 'x-ptp-target-node-id': 'LX1', 'x-ptp-target-inst-id': 'JG2' },
  ])('is this node for %j', (headers) => expect(named(headers)).toBe('here'));

  it.each<Readonly<Record<string, string>>>([
    { 'x-ptp-target-node-id': 'LX2, LX3' },
    { 'x-ptp-target-node-id': 'LX2, LX2' },
    { 'x-ptp-target-inst-id': 'JG2,JG3' },
    { 'x-ptp-target-node-id': 'LX2', 'mesh-target-node-id': 'LX3' },
    { 'x-ptp-target-inst-id': 'JG1', 'mesh-target-inst-id': 'JG3' },
  ])('refuses %j', (headers) => {
    const error = expect.objectContaining({
      code: MeshCode.INVALID_REQUEST,
      message: expect.stringContaining("the header 'x-ptp-target-") as string,
    }) as Error;
    expect(() => named(headers)).toThrow(error);
  });
});
