import { describe, expect, it } from 'vitest';
import { CallCodecs } from '../../../../lib/codec/call-codecs.js';
import { JsonCodec } from '../../../../lib/codec/json/json-codec.js';
import { YamlCodec } from '../../../../lib/codec/yaml/yaml-codec.js';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import { PackedForwarding } from '../../../../lib/node/gateway/forwarded-packed.js';
import { ForwardingWire } from '../../../../lib/node/gateway/wire.js';
import { StandardCalls } from '../../../../lib/node/standard-calls.js';
import { resolveMeshOptions } from '../../../../lib/options/resolve-options.js';
import { bareAnswer } from '../../../../lib/transport/answers.js';
import type { ConnectionPool } from '../../../../lib/transport/connection-pool.js';
import type { Connection, InboundCall, OutboundCall } from '../../../../lib/transport/transport.js';
import { caught } from '../../../support/caught.js';
import { freezeDate } from '../../../support/frozen-date.js';
import { inboundCall, urnOf } from '../../../support/middleware-fixtures.js';
import { openPacked, packedAnswer, packedBody } from '../../../support/packed-calls.js';

const yaml = new YamlCodec(resolveMeshOptions({}, {}));
const codecs = new CallCodecs(new JsonCodec(resolveMeshOptions({}, {})), [yaml]);
const standard = new StandardCalls(codecs);
const urn = urnOf('mesh.a.b');
const head = Object.freeze({ 'mesh-urn': urn, 'mesh-form': 'packed', 'x-other': 'stays', 'x-ptp-timeout': '9000' });
const own = { nodeId: 'LX0000010000010', urn, codec: '00', timeoutMs: 10_000 };

const packed = (headers: Readonly<Record<string, string>> = head, over: Partial<InboundCall> = {}): InboundCall =>
  inboundCall({ path: '/mesh-rpc/v1', headers, body: packedBody({ n: 1 }, { timeoutMs: 4_000 }), ...over });

describe('a packed call that goes on', () => {
  it('goes on with one head for all calls with one head, for each target', () => {
    const forwarding = new PackedForwarding(standard);
    const [one, other] = [forwarding.of(packed(), own), forwarding.of(packed(), own)];
    expect(one.packed).toBe(other.packed);
    expect({ ...one.packed!.headers }).toEqual({
      'mesh-urn': urn,
      'mesh-form': 'packed',
      'mesh-nodes-passed': 'LX0000010000010',
    });
    const elsewhere = forwarding.of(packed(), { ...own, targetNodeId: 'LX2' });
    expect(elsewhere.packed!.headers['x-ptp-target-node-id']).toBe('LX2');
    expect(forwarding.of(packed(), own).packed).toBe(one.packed);
  });

  it('has the time that its transport says, else its body', () => {
    const forwarding = new PackedForwarding(standard);
    const { 'x-ptp-timeout': _, ...untimed } = head;
    const now = freezeDate();
    const left = (call: InboundCall): number => forwarding.of(call, own).deadline - now;
    expect(left(packed(untimed))).toBe(4_000);
    expect(left(packed(untimed, { deadline: now + 60_000 }))).toBe(60_000);
    expect(left(packed())).toBe(9_000);
    expect(left(packed(untimed, { body: packedBody({}) }))).toBe(10_000);
  });

  it('is refused in a circle, and when it is none', async () => {
    const forwarding = new PackedForwarding(standard);
    const of = (call: InboundCall) => caught(Promise.resolve().then(() => forwarding.of(call, own)));
    const circle = await of(packed({ ...head, 'mesh-nodes-passed': own.nodeId }));
    expect(circle.code).toBe(MeshCode.CIRCULAR_REQUEST);
    const { 'x-ptp-timeout': _, ...untimed } = head;
    expect((await of(packed(untimed, { body: Buffer.from('{}') }))).code).toBe(MeshCode.ENCODING);
  });
});

/** A peer that understands packed calls, or does not. */
function peer(packs: boolean, answer: (call: OutboundCall) => Uint8Array) {
  const calls: OutboundCall[] = [];
  const state = { packs };
  const call = async (outbound: OutboundCall): Promise<Uint8Array> => (calls.push(outbound), answer(outbound));
  const connection: Connection = {
    call,
    exchange: async (outbound) => bareAnswer(await call(outbound)),
    open: () => {
      throw new Error('not opened');
    },
    get packs() {
      return state.packs;
    },
    pending: 0,
    close: () => Promise.resolve(),
    destroy: () => undefined,
  };
  const wire = new ForwardingWire({ get: () => connection } as Pick<ConnectionPool, 'get'> as ConnectionPool, codecs);
  const send = (inbound = packed(), transport = 'grpc') =>
    wire.send(inbound, new PackedForwarding(standard).of(inbound, own), { address: 'a:1', transport });
  return { calls, state, send };
}

const standardAnswer = (): Uint8Array => Buffer.from(JSON.stringify({ code: MeshCode.SUCCESS, content: 'standard' }));

describe('a packed call on its way to another peer', () => {
  it('goes as it came to who understands it', async () => {
    const { calls, send } = peer(true, () => packedAnswer('packed'));
    const call = packed();
    expect(openPacked((await send(call)) as Uint8Array)).toBe('packed');
    expect(calls[0]!.body).toBe(call.body);
    expect(calls[0]!.packed?.headers).toBe(calls[0]!.headers);
  });

  it('goes in the form of the standard to who does not; the answer is packed', async () => {
    const { calls, send } = peer(false, standardAnswer);
    expect(openPacked((await send()) as Uint8Array)).toBe('standard');
    expect(calls[0]).toMatchObject({ path: '/mesh-rpc/v1', headers: { 'mesh-nodes-passed': own.nodeId } });
    expect([calls[0]!.packed, calls[0]!.headers['mesh-form']]).toEqual([undefined, undefined]);
    expect(JSON.parse(String(calls[0]!.body))).toMatchObject({ n: 1, attachments: { 'mesh-urn': urn } });
  });

  it('says over HTTP what it is written by when it is unpacked, not that it was packed', async () => {
    const { calls, send } = peer(false, standardAnswer);
    const over = { wire: 'http', contentType: 'application/octet-stream' } as const;
    const answer = await send(packed(head, over), 'http');
    expect(answer).toMatchObject({ contentType: 'application/octet-stream' });
    await send(packed(head, { body: packedBody({ n: 1 }, {}, yaml) }), 'http');
    expect(calls.map(({ path, headers }) => [path, headers['content-type']])).toEqual([
      ['/mesh/invoke', 'application/json'],
      ['/mesh/invoke', 'application/x-yaml'],
    ]);
  });

  it('goes in the form of the standard when the peer was replaced by one that does not understand it', async () => {
    const { calls, state, send } = peer(true, (call) => {
      if (!call.packed) return standardAnswer();
      state.packs = false;
      throw new MeshError(MeshCode.UNREACHABLE, 'replaced', { neverSent: true });
    });
    expect(openPacked((await send()) as Uint8Array)).toBe('standard');
    expect(calls).toHaveLength(2);
  });

  it('fails as the peer fails', async () => {
    const { calls, send } = peer(true, () => {
      throw new MeshError(MeshCode.UNREACHABLE, 'lost');
    });
    expect((await caught(Promise.resolve(send()))).message).toBe('lost');
    expect(calls).toHaveLength(1);
  });
});
