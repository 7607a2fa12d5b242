import { describe, expect, it } from 'vitest';
import type { RawRequest } from '../../../../lib/protocol/dialect.js';
import { recogniseDialect } from '../../../../lib/protocol/dialects/recognise.js';
import { dialects, formats, rawRequest, sessionRequest } from '../../../support/dialect-fixtures.js';
import vectors from '../../../support/vectors/session.json' with { type: 'json' };

const all = Object.values(dialects);
const nameOf = (request: RawRequest): string | undefined =>
  Object.entries(dialects).find(([, dialect]) => dialect === recogniseDialect(all, request, dialects.standard))?.[0];
const yaclHead = { 'x-ptp-tecn-provider-code': 'SecretFlow', 'x-ptp-topic': 'a-b' };

describe('the dialect of a request', () => {
  it.each<[string, string, Parameters<typeof rawRequest>[0]]>([
    ['standard', 'when it shows nothing', { headers: { 'x-ptp-session-id': 's', 'x-ptp-topic': 't' } }],
    ['standard', 'by our own headers', { headers: { 'mesh-message-id': '1', 'mesh-nodes-passed': 'LX1' } }],
    ['standard', 'when only the vendor is misspelt', { headers: { 'x-ptp-tecn-provider-code': 'X' }, text: '{}' }],
    ['mesh', 'by its headers', { headers: { 'mesh-span-id': '0' } }],
    ['mesh', 'by the older spelling', { headers: { 'mesh-session-id': 's' } }],
    ['mesh', 'by the host of its uri', { headers: { 'x-ptp-uri': 'https://ptp.cn/v1/interconn/chan/push' } }],
    ['fate', 'by the spelling of the sender', { headers: { 'x-ptp-from-node-id': '9999' } }],
    ['yacl', 'by the misspelt vendor, in a push', { operation: 'push', headers: yaclHead, contentType: '' }],
    ['yacl', 'by the misspelt vendor and the topic', { operation: 'push', headers: yaclHead, contentType: 'text/x' }],
    ['yacl', 'by the misspelt vendor, in gRPC', { wire: 'grpc', headers: yaclHead, contentType: '' }],
    ['yacl', 'by the query of a pop', { query: 'timeout=5', contentType: '' }],
    ['yacl', 'by a push of bytes', { operation: 'push', headers: { 'x-ptp-topic': 't' }, contentType: '' }],
  ])('is %s %s', (name, _, request) => expect(nameOf(rawRequest(request))).toBe(name));

  it('is mesh for what the reference SDK sends over gRPC', () => {
    const sessions = vectors.filter((vector) => vector.case.startsWith('session '));
    expect(sessions.length).toBeGreaterThan(5);
    for (const { method, metadata, request_base64: base64 } of sessions) {
      const request = rawRequest({
        operation: method.split('/').at(-1) as RawRequest['operation'],
        wire: 'grpc',
        headers: Object.fromEntries(metadata) as Record<string, string>,
        body: Buffer.from(base64, 'base64'),
      });
      expect(nameOf(request)).toBe('mesh');
      const read = dialects.mesh.readRequest(request, formats);
      expect(read).toMatchObject({ session: 'session_id_008', token: 'x', providerCode: 'LX' });
      expect(read.topic).toMatch(/^topic(?:-mesh-split-[01])?$/);
      if (request.operation === 'pop') expect(read.timeoutMs).toBe(10_000);
    }
  });

  it.each(['yacl', 'mesh'] as const)('is %s again for a push that our client writes so', (name) => {
    const request = sessionRequest({ operation: 'push', timeoutMs: 5, payload: Buffer.from('hi') });
    const raw = dialects[name].writeRequest(request, 'http', 'application/json', formats);

    // Nothing in a request of mesh's content shows it: it is read as the standard's, and means the same.
    expect(nameOf(raw)).toBe(name === 'yacl' ? 'yacl' : 'standard');
    expect(recogniseDialect(all, raw, dialects.standard).readRequest(raw, formats)).toMatchObject({ topic: 'topic' });
  });

  it('is the fallback for a request that shows none', () => {
    expect(recogniseDialect(all, rawRequest({}), dialects.fate)).toBe(dialects.fate);
    expect(recogniseDialect([], rawRequest({ query: 'timeout=5' }), dialects.mesh)).toBe(dialects.mesh);
  });

  it('is the first of those that are as sure', () => {
    const other = Object.assign(Object.create(dialects.mesh) as typeof dialects.mesh, { recognise: () => 2 });
    const request = rawRequest({ headers: { 'mesh-span-id': '0' } });

    expect(recogniseDialect([other, dialects.mesh], request, dialects.standard)).toBe(other);
    expect(recogniseDialect([dialects.mesh, other], request, dialects.standard)).toBe(dialects.mesh);
  });
});
