import { describe, expect, it } from 'vitest';
import { MeshCode } from 'nestjs-mesh';
import { register, SERVICE, startNode, startNodeWith, trustProvider, urnOf } from '../../support/gateway-fixtures.js';
import { A, bytesOf, deadAddress, startStub } from '../../support/nodes.js';
import { openPacked, packedBody, packedFailure } from '../../support/packed-calls.js';
import { RawCaller } from '../../support/raw-caller.js';
import { serviceOf } from '../../support/registration-fixtures.js';

const headers = { 'mesh-urn': urnOf(), 'mesh-form': 'packed', 'x-ptp-source-node-id': 'LX0000010000099' };
const body = packedBody({ text: 'x' }, { traceId: 'C1', spanId: '0.4', attachments: { 'x-mine': 'a' } });
const answer = bytesOf(JSON.stringify({ code: MeshCode.SUCCESS, content: 'from abroad' }));

describe('a packed call through a node', () => {
  it('reaches an application that registered itself, with all that it says', async () => {
    const provider = trustProvider();
    const node = await startNodeWith(provider, A);
    const caller = new RawCaller(node.address);
    for (let time = 0; time < 3; time++) {
      expect(openPacked(await caller.call({ headers, body }))).toBe('applied x');
    }
    for (const context of provider.contexts) {
      expect(context).toMatchObject({ traceId: 'C1', spanId: '0.4', source: { nodeId: 'LX0000010000099' } });
      expect(context.attachments['x-mine']).toBe('a');
    }
  });

  it('reaches an instance over HTTP in the form of the standard', async () => {
    const instance = await startStub(() => ({ contentType: 'application/json', body: answer }));
    const node = await startNode(A);
    await register(node, instance.address, { services: [serviceOf({ urn: urnOf(), proto: 'http' })] });
    expect(openPacked(await new RawCaller(node.address).call({ headers, body }))).toBe('from abroad');
    const [{ wire, headers: said, body: came }] = instance.seen as [(typeof instance.seen)[number]];
    expect([wire, said['mesh-form'], said['x-ptp-trace-id']]).toEqual(['http', undefined, 'C1']);
    expect(JSON.parse(String(came))).toMatchObject({
      text: 'x',
      attachments: { 'x-mine': 'a', 'mesh-span-id': '0.4' },
    });
  });

  it('is told in its form that an instance is not there', async () => {
    const node = await startNode(A);
    await register(node, await deadAddress());
    const failure = packedFailure(await new RawCaller(node.address).call({ headers, body }));
    expect([failure.code, failure.message.includes(SERVICE)]).toEqual([MeshCode.NO_INSTANCE, true]);
  });
});
