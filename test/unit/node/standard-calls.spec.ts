import { describe, expect, it } from 'vitest';
import { CallCodecs } from '../../../lib/codec/call-codecs.js';
import { JsonCodec } from '../../../lib/codec/json/json-codec.js';
import { YamlCodec } from '../../../lib/codec/yaml/yaml-codec.js';
import { unpackContent } from '../../../lib/codec/packed-content.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { StandardCalls } from '../../../lib/node/standard-calls.js';
import { resolveMeshOptions } from '../../../lib/options/resolve-options.js';
import { readPackedAnswer } from '../../../lib/protocol/packed/packed-answer.js';
import { failureEnvelope, splitRequest, successEnvelope } from '../../../lib/protocol/envelope.js';
import { caught } from '../../support/caught.js';
import { freezeDate } from '../../support/frozen-date.js';
import { inboundCall, urnOf } from '../../support/middleware-fixtures.js';
import { openPacked, packedBody, packedFailure } from '../../support/packed-calls.js';

const json = new JsonCodec(resolveMeshOptions({}, {}));
const calls = new StandardCalls(new CallCodecs(json, []));
const urn = urnOf('mesh.a.b');
const head = {
  'mesh-urn': urn,
  'mesh-form': 'packed',
  'x-ptp-source-node-id': 'LX1',
  'x-ptp-source-inst-id': 'JG1',
  'mesh-incoming-host': 'reports@10.0.0.1:7304',
};
const call = (body: Uint8Array) => inboundCall({ path: '/mesh-rpc/v1', headers: head, body });

describe('a packed call in the form of the standard', () => {
  it('says in its body what our consumers say there', () => {
    const now = freezeDate();
    const data = Buffer.alloc(300, 7);
    const said = { timeoutMs: 5_000, traceId: 'C1', spanId: '0.2', runMode: 2, attachments: { 'x-mine': 'a' } };
    const standard = calls.of(call(packedBody({ n: 1, data }, said))).call;
    const { args, attachments } = splitRequest(json.decode(standard.body));
    expect({ ...args }).toEqual({ n: 1, data: data.toString('base64') });
    expect(attachments).toMatchObject({
      'x-mine': 'a',
      'x-ptp-trace-id': 'C1',
      'mesh-trace-id': 'C1',
      'mesh-span-id': '0.2',
      'mesh-run-mode': '2',
      'mesh-urn': urn,
    });
    expect(Number(attachments['x-ptp-timeout'])).toBe(5_000);
    expect(Number(attachments['mesh-timestamp'])).toBe(now);
    const location = { inst_id: 'JG1', node_id: 'LX1', ip: '', host: '10.0.0.1', port: '7304', name: 'reports' };
    expect(JSON.parse(attachments['mesh-provider']!)).toEqual(location);
    expect(JSON.parse(attachments['mesh-consumer']!)).toEqual(location);
    expect(standard.deadline).toBe(now + 5_000);
  });

  it('says in its headers what it said in its body', () => {
    const attachments = { traceparent: '00-a-b-01', 'x-ptp-token': 'not\nsendable', 'x-mine': 'a' };
    const { headers } = calls.of(call(packedBody({}, { traceId: 'C1', spanId: '0.2', attachments }))).call;
    const { 'mesh-form': _, ...others } = head;
    expect({ ...headers }).toEqual({
      ...others,
      'x-ptp-trace-id': 'C1',
      'mesh-span-id': '0.2',
      traceparent: '00-a-b-01',
    });
  });

  it('keeps the time that its transport says', () => {
    const deadline = Date.now() + 100_000;
    expect(calls.of({ ...call(packedBody({}, { timeoutMs: 5 })), deadline }).call.deadline).toBe(deadline);
  });

  it('is answered in the form that it had', () => {
    const { pack } = calls.of(call(packedBody({})));
    expect(openPacked(pack(json.encode(successEnvelope({ data: Buffer.alloc(300, 7) }))))).toEqual({
      data: Buffer.alloc(300, 7).toString('base64'),
    });
    const error = new MeshError(MeshCode.FORBIDDEN, 'not you', { details: ['a'] });
    const failure = packedFailure(pack(json.encode(failureEnvelope(error))));
    expect(failure).toMatchObject({ code: MeshCode.FORBIDDEN, message: 'not you', details: ['a'] });
    expect(packedFailure(pack(Buffer.from('no answer'))).code).toBe(MeshCode.ENCODING);
  });

  it('is written by the codec that it was packed by, which HTTP says', () => {
    const yaml = new YamlCodec(resolveMeshOptions({}, {}));
    const standard = new StandardCalls(new CallCodecs(json, [yaml]));
    const body = packedBody({ n: 1 }, {}, yaml);
    const overGrpc = standard.of(call(body));
    expect(Buffer.from(overGrpc.call.body).toString()).toMatch(/^n: 1\n/);
    expect([overGrpc.call.contentType, overGrpc.contentType]).toEqual(['application/grpc', 'application/x-yaml']);
    expect(standard.of({ ...call(body), wire: 'http' }).call.contentType).toBe('application/x-yaml');
    const answer = readPackedAnswer(overGrpc.pack(yaml.encode(successEnvelope({ a: 1 }))));
    expect(unpackContent(yaml, answer, () => true)).toEqual({ a: 1 });
  });

  it('is none when it is malformed', async () => {
    for (const body of [Buffer.from('{}'), packedBody([1])]) {
      expect(await caught(Promise.resolve().then(() => calls.of(call(body))))).toBeInstanceOf(MeshError);
    }
  });
});
