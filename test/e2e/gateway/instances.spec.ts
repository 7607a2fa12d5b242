import { describe, expect, it } from 'vitest';
import { register, SERVICE, urnOf } from '../../support/gateway-fixtures.js';
import { startApp } from '../../support/mesh-app.js';
import { A, B, bytesOf, startStub } from '../../support/nodes.js';
import { RawCaller } from '../../support/raw-caller.js';

/** Bytes that are no JSON, nor any text. */
const ODD = Uint8Array.of(0x7b, 0xff, 0x00, 0xfe, 0x22);

describe('a node in front of registered instances', () => {
  it('hands the bytes of calls and answers on as they are', async () => {
    const instance = await startStub(() => ({ body: Uint8Array.of(0xff, 0x00, 0x01) }));
    const node = await startApp({ options: { ...A, node: {} } });
    await register(node, instance.address);
    const answer = await new RawCaller(node.address).call({ headers: { 'mesh-urn': urnOf() }, body: ODD });
    expect([...answer]).toEqual([0xff, 0x00, 0x01]);
    expect([...instance.seen[0]!.body]).toEqual([...ODD]);
    expect(instance.seen[0]!.headers['mesh-urn']).toBe(urnOf());
  });
});

describe('a node in front of a partner', () => {
  it('hands a call on that names the partner in its URN', async () => {
    const instance = await startStub(() => ({ body: bytesOf('done') }));
    const second = await startApp({ options: { ...B, node: {} } });
    await register(second, instance.address);
    const first = await startApp({ options: { ...A, node: {}, partners: [{ ...B, address: second.address }] } });
    const answer = await new RawCaller(first.address).call({
      headers: { 'mesh-urn': urnOf(SERVICE, B.nodeId) },
      body: ODD,
    });
    expect(Buffer.from(answer).toString()).toBe('done');
    expect([...instance.seen[0]!.body]).toEqual([...ODD]);
    expect(instance.seen[0]!.headers['mesh-nodes-passed']).toBe(`${A.nodeId},${B.nodeId}`);
  });
});
