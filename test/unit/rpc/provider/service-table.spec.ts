import { MeshCode } from 'nestjs-mesh';
import { describe, expect, it } from 'vitest';
import { formatUrn } from '../../../../lib/protocol/urn.js';
import { ServiceTable } from '../../../../lib/rpc/provider/service-table.js';

const provide = (service: string, provider: string) => ({
  service,
  provider,
  wire: undefined,
  timeoutMs: undefined,
  invoke: () => Promise.resolve(null),
});

describe('the services of a process', () => {
  it('are found by a URN at whatever node', () => {
    const table = new ServiceTable();
    const apply = provide('mesh.trust.apply', 'Controller.apply');
    table.add(apply);
    for (const nodeId of ['LX0000000000000', 'LX0000010000280']) {
      const urn = formatUrn({ name: 'mesh.trust.apply', nodeId });
      expect(table.find(urn)).toEqual({ provider: apply, urn, codec: '00', nodeId: nodeId.toLowerCase() });
      expect(table.find(urn)).toBe(table.find(urn));
    }
  });

  it('have one provider each', () => {
    const table = new ServiceTable();
    table.add(provide('mesh.trust.apply', 'First.apply'));
    expect(() => table.add(provide('mesh.trust.apply', 'Second.apply'))).toThrow(
      "two providers claim the service 'mesh.trust.apply': First.apply and Second.apply",
    );
  });

  it('have a stand-in until they are provided', () => {
    const table = new ServiceTable();
    const [standIn, own] = [provide('mesh.net.environ', 'stand-in'), provide('mesh.net.environ', 'Controller.environ')];
    const urn = formatUrn({ name: 'mesh.net.environ', nodeId: 'LX' });
    table.addFallback(standIn);
    expect(table.find(urn).provider).toBe(standIn);
    expect([table.has('mesh.net.environ'), table.list()]).toEqual([false, []]);
    expect(table.listAll()).toEqual([standIn]);
    table.add(own);
    expect(table.find(urn).provider).toBe(own);
    expect([table.has('mesh.net.environ'), table.list()]).toEqual([true, [own]]);
    expect(table.listAll()).toEqual([own]);
  });

  it.each([
    [undefined, MeshCode.INVALID_REQUEST, "the header 'mesh-urn' is missing"],
    ['', MeshCode.INVALID_REQUEST, "the header 'mesh-urn' is missing"],
    ['mesh.trust.apply', MeshCode.INVALID_REQUEST, 'invalid URN'],
    [formatUrn({ name: 'mesh.other', nodeId: 'LX' }), MeshCode.NO_SERVICE, "nobody here provides 'mesh.other'"],
    [formatUrn({ name: 'constructor', nodeId: 'LX' }), MeshCode.NO_SERVICE, "nobody here provides 'constructor'"],
  ])('are not found by %j', (urn, code, message) => {
    const find = () => new ServiceTable().find(urn);
    expect(find).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
  });
});
