import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { recogniseDialect } from '../../../lib/protocol/dialects/recognise.js';
import {
  forwardHeaders,
  forwardModeOf,
  type ForwardedRequest,
  MAX_NODES_PASSED,
  nodesPassed,
  operationOfUri,
  readForwarded,
  unwrapInbound,
  uriOf,
  wrapInbound,
} from '../../../lib/protocol/interconnect.js';
import { encodePtp } from '../../../lib/protocol/ptp/protobuf-writer.js';
import { dialects, formats, sessionRequest, thrownBy } from '../../support/dialect-fixtures.js';
import vectors from '../../support/vectors/ptp.json' with { type: 'json' };

const PROTOBUF = { wire: 'http', contentType: 'application/x-protobuf' } as const;
const JSON_BODY = { wire: 'http', contentType: 'application/json' } as const;
const GRPC = { wire: 'grpc', contentType: '' } as const;

const hop = { nodeId: 'LX1', operation: 'push', wire: 'http', mode: 'wrapped' } as const;

describe('x-ptp-uri', () => {
  it.each([
    ['https://ptp.cn/v1/interconn/chan/push', 'push'],
    ['https://ptp.cn:7304/v1/interconn/chan/pop', 'pop'],
    ['grpcs://ptp.cn/org.ppc.ptp.PrivateTransferTransport/push', 'push'],
    ['grpcs://ptp.cn/org.ppc.ptp.PrivateTransferTransport/release', 'release'],
    ['/v1/interconn/chan/peek', 'peek'],
    ['/v1/interconn/chan/peek/', 'peek'],
    ['/org.ppc.ptp.PrivateTransferTransport/pop', 'pop'],
    ['https://10.0.0.1/v1/interconn/chan/pop?timeout=5#x', 'pop'],
    ['HTTPS://ptp.cn/v1/interconn/chan/push', 'push'],
  ])('%s is %s', (uri, operation) => expect(operationOfUri(uri)).toBe(operation));

  it.each([
    'https://ptp.cn',
    'https://ptp.cn/v1/interconn/chan/invoke',
    'https://ptp.cn/v1/interconn/net/weave',
    '/v1/interconn/chan/PUSH',
    '/v1/interconn/chan/../chan/push',
    '//v1/interconn/chan/push',
    '/x/v1/interconn/chan/push',
    'https://ptp.cn?x=/v1/interconn/chan/push',
    'push',
    '/constructor',
    '__proto__',
  ])('%s is not found', (uri) => {
    expect(thrownBy(() => operationOfUri(uri)).code).toBe(MeshCode.NOT_FOUND);
  });

  it('is missing', () => expect(thrownBy(() => operationOfUri('')).code).toBe(MeshCode.INVALID_REQUEST));

  it('is written so that it is read again', () => {
    for (const operation of ['push', 'pop', 'peek', 'release'] as const) {
      expect(operationOfUri(uriOf(operation, 'grpc'))).toBe(operation);
      expect(operationOfUri(uriOf(operation, 'http'))).toBe(operation);
    }
  });
});

describe('the mode', () => {
  it.each([
    ['1', 'pass-through'],
    ['1.1', 'wrapped'],
    ['2', 'wrapped'],
    ['', 'wrapped'],
  ])('is for version %j %s', (version, mode) => expect(forwardModeOf({ 'x-ptp-version': version })).toBe(mode));

  it('is wrapped without a version', () => expect(forwardModeOf({})).toBe('wrapped'));
});

describe('wrapping', () => {
  const recorded = vectors.find((vector) => vector.case === 'push wrapped for a partner');
  if (!recorded?.fields || !('metadata' in recorded.fields)) throw new Error('the vector is missing');
  const headers = recorded.fields.metadata as Record<string, string>;

  it("opens what Google's protobuf wrapped", () => {
    const inbound = unwrapInbound(Buffer.from(recorded.hex, 'hex'), GRPC, formats);

    expect({ ...inbound.headers }).toEqual(headers);
    expect(Buffer.from(inbound.body).toString('hex')).toBe(recorded.fields?.payload_hex);
  });

  it.each([GRPC, PROTOBUF, JSON_BODY, { wire: 'http', contentType: 'application/x-msgpack' } as const])(
    'gives back what it was given: %j',
    (encoding) => {
      const name = fc.stringMatching(/^x-ptp-[a-z0-9-]{1,10}$/);
      const value = fc.stringMatching(/^[ -~]{1,40}$/);
      fc.assert(
        fc.property(fc.dictionary(name, value, { noNullPrototype: true }), fc.uint8Array(), (metadata, body) => {
          const inbound = unwrapInbound(wrapInbound(body, metadata, encoding, formats), encoding, formats);
          expect({ ...inbound.headers }).toEqual(metadata);
          expect(Buffer.compare(inbound.body, body)).toBe(0);
        }),
      );
    },
  );

  it('reads header names of any case', () => {
    const bytes = encodePtp('Inbound', { metadata: { 'X-PTP-Token': 'x' }, payload: Buffer.alloc(0) });

    expect({ ...unwrapInbound(bytes, GRPC, formats).headers }).toEqual({ 'x-ptp-token': 'x' });
  });

  it.each([
    ['a line break', { 'x-ptp-token': 'a\r\nx-ptp-session-id: b' }],
    ['what is not ASCII', { 'x-ptp-token': '节点' }],
    ['a name that is none', { 'x-ptp token': 'x' }],
    ['a line break in a name', { 'x-ptp-token\r\na': 'x' }],
    ['a value that is too long', { 'x-ptp-token': 'x'.repeat(8_193) }],
  ])('refuses %s among the headers', (_, metadata) => {
    const bytes = encodePtp('Inbound', { metadata, payload: Buffer.alloc(0) });

    expect(thrownBy(() => unwrapInbound(bytes, GRPC, formats)).code).toBe(MeshCode.INVALID_REQUEST);
  });

  it('fails on hostile bytes with a MeshError', () => {
    const anyRequest = fc.record<ForwardedRequest>({
      wire: fc.constantFrom('grpc', 'http'),
      contentType: fc.constantFrom('', 'application/json', 'application/x-protobuf', 'application/xml', 'text/plain'),
      headers: fc.dictionary(fc.constantFrom('x-ptp-uri', 'x-ptp-version', 'mesh-nodes-passed'), fc.string()),
      query: fc.string(),
      body: fc.uint8Array({ maxLength: 100 }),
    });
    fc.assert(
      fc.property(anyRequest, (request) => {
        try {
          readForwarded(request, formats);
        } catch (error) {
          expect(error).toBeInstanceOf(MeshError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a request that is handed on', () => {
  const request = sessionRequest({
    operation: 'push',
    payload: Buffer.from('hi'),
    messageId: '1',
    metadata: { k: 'v' },
  });
  const push = dialects.standard.writeRequest(request, 'http', 'application/x-protobuf', formats);
  const passOn = (raw: typeof push, mode: 'pass-through' | 'wrapped') => {
    const headers = forwardHeaders(raw.headers, { ...hop, mode });
    const body = mode === 'wrapped' ? wrapInbound(raw.body, headers, raw, formats) : raw.body;
    return { wire: raw.wire, contentType: raw.contentType, query: '', body, headers };
  };

  it.each(['pass-through', 'wrapped'] as const)('%s: arrives as it was', (mode) => {
    const forwarded = readForwarded(passOn(push, mode), formats);

    expect(forwarded.operation).toBe('push');
    expect(forwarded.headers).toMatchObject({ 'mesh-nodes-passed': 'LX1', 'x-ptp-session-id': 'session_id_008' });
    const read = recogniseDialect(Object.values(dialects), forwarded, dialects.standard).readRequest(
      forwarded,
      formats,
    );
    expect({ ...read, metadata: { ...read.metadata } }).toEqual({ ...request, payload: Buffer.from('hi') });
  });

  it('wrapped: arrives with the headers that only stand in the envelope', () => {
    const { wire, contentType, query, body } = passOn(push, 'wrapped');
    const forwarded = readForwarded({ wire, contentType, query, body, headers: { 'x-ptp-token': 'outer' } }, formats);

    expect(forwarded.headers).toMatchObject({ 'x-ptp-session-id': 'session_id_008', 'x-ptp-token': 'outer' });
  });

  it('wrapped: is never taken for the raw body of yacl', () => {
    const headers = { ...push.headers, 'x-ptp-tecn-provider-code': 'SecretFlow', 'x-ptp-topic': 'topic' };
    const forwarded = readForwarded(passOn({ ...push, headers }, 'wrapped'), formats);

    expect(recogniseDialect(Object.values(dialects), forwarded, dialects.standard)).toBe(dialects.standard);
  });

  it('pass-through: a raw push of yacl arrives as one', () => {
    const raw = dialects.yacl.writeRequest({ ...request, metadata: {} }, 'http', '', formats);
    const forwarded = readForwarded(passOn(raw, 'pass-through'), formats);

    expect(recogniseDialect(Object.values(dialects), forwarded, dialects.standard)).toBe(dialects.yacl);
    expect(dialects.yacl.readRequest(forwarded, formats)).toMatchObject({ topic: 'topic', payload: Buffer.from('hi') });
  });
});

describe('the headers that go on', () => {
  it("are those of the protocol, in the standard's spelling when they are wrapped", () => {
    const headers = {
      host: 'a',
      authorization: 'secret',
      connection: 'close',
      'x-ptp-tecn-provider-code': 'SecretFlow',
      'x-ptp-version': '1',
      'mesh-span-id': '0.1',
      traceparent: '00-0-0-01',
    };

    expect({ ...forwardHeaders(headers, hop) }).toEqual({
      'x-ptp-tech-provider-code': 'SecretFlow',
      'x-ptp-uri': '/v1/interconn/chan/push',
      'mesh-span-id': '0.1',
      'mesh-nodes-passed': 'LX1',
      traceparent: '00-0-0-01',
    });
    expect(forwardHeaders(headers, { ...hop, mode: 'pass-through', wire: 'grpc' })).toMatchObject({
      'x-ptp-tecn-provider-code': 'SecretFlow',
      'x-ptp-uri': '/org.ppc.ptp.PrivateTransferTransport/push',
      'x-ptp-version': '1',
    });
  });

  it.each(['a\nb', '节点', '\u0000'])('are refused with the value %j', (value) => {
    expect(thrownBy(() => forwardHeaders({ 'x-ptp-token': value }, hop)).code).toBe(MeshCode.INVALID_REQUEST);
  });
});

describe('a circle', () => {
  it('is seen by the node that the request comes back to', () => {
    const first = forwardHeaders({}, { ...hop, nodeId: 'LX1' });
    const second = forwardHeaders(first, { ...hop, nodeId: 'LX2' });

    expect(second['mesh-nodes-passed']).toBe('LX1,LX2');
    expect(nodesPassed(second, 'LX3')).toEqual(['LX1', 'LX2']);
    expect(thrownBy(() => nodesPassed(second, 'lx1')).code).toBe(MeshCode.CIRCULAR_REQUEST);
    expect(thrownBy(() => forwardHeaders(second, { ...hop, nodeId: 'LX2' })).code).toBe(MeshCode.CIRCULAR_REQUEST);
  });

  it('is seen at last by the number of nodes', () => {
    const passed = (count: number) => ({
      'mesh-nodes-passed': Array.from({ length: count }, (_, index) => `N${index}`).join(','),
    });

    expect(nodesPassed(passed(MAX_NODES_PASSED), 'LX1')).toHaveLength(MAX_NODES_PASSED);
    expect(thrownBy(() => nodesPassed(passed(MAX_NODES_PASSED + 1), 'LX1')).code).toBe(MeshCode.CIRCULAR_REQUEST);
    expect(thrownBy(() => nodesPassed(passed(100_000), 'LX1')).code).toBe(MeshCode.CIRCULAR_REQUEST);
  });
});
