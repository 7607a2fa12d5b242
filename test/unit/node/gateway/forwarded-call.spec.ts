import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../../../lib/context/cancellation.js';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { type ForwardedCall, forwardedCall } from '../../../../lib/node/gateway/forwarded-call.js';
import type { InboundCall } from '../../../../lib/transport/transport.js';
import { freezeDate } from '../../../support/frozen-date.js';

const URN = 'apply.trust.mesh.0001000000000000000000000000000000000.lx0000000000000.trustbe.cn';
const ids = { 'x-ptp-source-node-id': 'LX9', 'x-ptp-source-inst-id': 'JG9', 'mesh-incoming-host': 'app@h:1' };

function inbound(headers: Readonly<Record<string, string>>, said: Partial<InboundCall> = {}): InboundCall {
  return {
    path: '/mesh-rpc/v1',
    query: '',
    headers: Object.assign(Object.create(null) as Record<string, string>, headers),
    wire: 'grpc',
    method: 'POST',
    contentType: 'application/grpc',
    deadline: Infinity,
    cancellation: new Cancellation(),
    peer: 'test',
    body: Uint8Array.of(0xff),
    ...said,
  };
}

function forwarded(
  headers: Readonly<Record<string, string>>,
  said: Partial<InboundCall> = {},
  targetNodeId?: string,
): ForwardedCall {
  const own = { nodeId: 'LX1', urn: URN, codec: '00', timeoutMs: 5_000, ...(targetNodeId && { targetNodeId }) };
  return forwardedCall(inbound(headers, said), own);
}

describe('forwardedCall', () => {
  it('carries the headers of the protocol, and none of a connection', () => {
    const protocol = {
      'x-ptp-token': 't',
      'x-ptp-trace-id': '7f1',
      'mesh-span-id': '0.1',
      'mesh-incoming-proxy': 'p:1',
      'mesh-outgoing-proxy': 'q:1',
      'mesh-outgoing-host': 'o@h:1',
      'mesh-subset': 'blue',
      'mesh-gray': 'g',
      'x-ptp-unheard-of': 'u',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      ...ids,
    };
    const plumbing = {
      connection: 'close',
      host: 'h',
      'user-agent': 'u',
      cookie: 'c',
      authorization: 'a',
      te: 'trailers',
    };
    const { headers } = forwarded({ ...protocol, ...plumbing });
    expect(headers).toEqual({
      ...protocol,
      'mesh-urn': URN,
      'mesh-nodes-passed': 'LX1',
      'x-ptp-timeout': expect.stringMatching(/^\d+$/) as string,
    });
    expect(Object.getPrototypeOf(headers)).toBeNull();
  });

  it('is the same body, and ends with the same cancellation', () => {
    const call = inbound({});
    const { body, cancellation } = forwardedCall(call, { nodeId: 'LX1', urn: URN, codec: '00', timeoutMs: 1 });
    expect(body).toBe(call.body);
    expect(cancellation).toBe(call.cancellation);
  });

  it('cuts circles, and adds this node to those that were passed', () => {
    expect(forwarded({ 'mesh-nodes-passed': 'LX8,LX9' }).headers['mesh-nodes-passed']).toBe('LX8,LX9,LX1');
    const circular = expect.objectContaining({ code: MeshCode.CIRCULAR_REQUEST }) as Error;
    expect(() => forwarded({ 'mesh-nodes-passed': 'LX9, lx1' })).toThrow(circular);
    const many = Array.from({ length: 17 }, (_, index) => `LY${index}`).join(',');
    expect(() => forwarded({ 'mesh-nodes-passed': many })).toThrow(circular);
  });

  it('names the node that it goes to, where the call names none', () => {
    expect(forwarded({}, {}, 'LX2').headers['x-ptp-target-node-id']).toBe('LX2');
    expect(forwarded({ 'x-ptp-target-node-id': 'lx2' }, {}, 'LX2').headers['x-ptp-target-node-id']).toBe('lx2');
    expect(forwarded({}).headers).not.toHaveProperty('x-ptp-target-node-id');
  });

  it('goes on with the time that is left', () => {
    const before = freezeDate();
    const timeLeft = (call: ForwardedCall): number => Number(call.headers['x-ptp-timeout']);
    const short = forwarded({ 'x-ptp-timeout': '300' }, { deadline: before + 2_000 });
    expect(short.deadline).toBe(before + 300);
    expect(timeLeft(short)).toBe(300);
    const shorter = forwarded({ 'x-ptp-timeout': '3000' }, { deadline: before + 200 });
    expect(shorter.deadline).toBe(before + 200);
    expect(timeLeft(shorter)).toBe(200);
    const unsaid = forwarded({});
    expect(unsaid.deadline).toBe(before + 5_000);
    expect(timeLeft(unsaid)).toBe(5_000);
  });

  it.each(['soon', '-1', '0', 'NaN', ''])('passes over a time that is none: %j', (said) => {
    const now = freezeDate();
    expect(forwarded({ 'x-ptp-timeout': said }).deadline).toBe(now + 5_000);
  });

  it.each(['1e300', 'Infinity', '99999999999999999999'])('takes no time for longer than a timer: %j', (said) => {
    expect(forwarded({ 'x-ptp-timeout': said }).deadline).toBeLessThan(Date.now() + 2 ** 31);
  });

  describe('of a caller whose bodies say what differs', () => {
    const streamed = { 'mesh-call-streams': '1', 'x-ptp-trace-id': 'a', 'mesh-span-id': '0', ...ids };

    it('may follow others in one stream, whatever their traces', () => {
      const { series } = forwarded(streamed);
      expect(series).toBeDefined();
      const other = { 'x-ptp-trace-id': 'b', 'mesh-trace-id': 'b', 'mesh-span-id': '0.1', 'mesh-timestamp': '1' };
      expect(forwarded({ ...streamed, ...other }).series).toBe(series);
    });

    it.each<Readonly<Record<string, string>>>([
      { 'x-ptp-token': 't' },
      { 'x-ptp-session-id': 's' },
      { 'mesh-subset': 's' },
      { 'x-ptp-source-node-id': 'LX8' },
      { 'mesh-incoming-host': 'another@h:1' },
      { 'mesh-gray': 'g' },
      { 'mesh-nodes-passed': 'LX8' },
      { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
    ])('shares no stream with calls that differ by %j', (headers) => {
      expect(forwarded({ ...streamed, ...headers }).series).not.toBe(forwarded(streamed).series);
    });

    it('has the time that its caller gives it, and says none beside that', () => {
      expect(forwarded(streamed).deadline).toBe(Infinity);
      expect(forwarded(streamed).headers).not.toHaveProperty('x-ptp-timeout');
      const deadline = Date.now() + 70;
      expect(forwarded(streamed, { deadline }).deadline).toBe(deadline);
    });
  });

  it('belongs to no series otherwise', () => {
    expect(forwarded({ 'mesh-call-streams': '1', 'x-ptp-timeout': '50' }).series).toBeUndefined();
    expect(forwarded({}).series).toBeUndefined();
  });
});
