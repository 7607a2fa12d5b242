import { describe, expect, it } from 'vitest';
import { type ForwardedRequest, forwardedRequest } from '../../../lib/node/forwarded-request.js';
import { Partner } from '../../../lib/node/partners/partner.js';
import type { PartnerOptions } from '../../../lib/options/partner-options.js';
import { resolveMeshOptions } from '../../../lib/options/resolve-options.js';
import type { RawRequest } from '../../../lib/protocol/dialect.js';
import { encodePtp } from '../../../lib/protocol/ptp/protobuf-writer.js';
import { dialects, formats, rawRequest, thrownBy } from '../../support/dialect-fixtures.js';

type DialectName = keyof typeof dialects;
const own = { nodeId: 'LX1', instId: 'JG1' };
const headers = { 'x-ptp-session-id': 's', 'x-ptp-target-node-id': 'LX2' };
const protobuf = encodePtp('PushInbound', { topic: 't', payload: Buffer.from('x'), metadata: {} });

/** A push as it came over a wire. */
function push(parts: Partial<RawRequest>): RawRequest {
  return rawRequest({ operation: 'push', headers, ...parts });
}

/** How a push that was read in a dialect goes on by a route. */
function forward(raw: RawRequest, readAs: DialectName, route: Partial<PartnerOptions> = {}): ForwardedRequest {
  const { partners } = resolveMeshOptions({ partners: [{ nodeId: 'LX2', address: 'a', ...route }] }, {});
  const [resolved] = partners;
  if (!resolved) throw new Error('there is no partner');
  const partner = new Partner(resolved, dialects[(route.dialect ?? 'standard') as DialectName], formats);
  return forwardedRequest(partner, own, dialects[readAs].readRequest(raw, formats), raw, formats);
}

const grpc = push({ wire: 'grpc', contentType: 'application/grpc', body: protobuf });
const http = push({ contentType: 'application/x-protobuf', body: protobuf });
const json = push({ body: Buffer.from('{"topic":"t","payload":"eA=="}') });
const bare = push({ contentType: '', headers: { ...headers, 'x-ptp-topic': 't' }, body: Buffer.from('x') });

describe('a body goes on byte for byte', () => {
  it.each([
    ['from gRPC to gRPC', grpc, 'standard', {}],
    ['from gRPC to TCP', grpc, 'standard', { transport: 'tcp' }],
    ['from gRPC to protobuf over HTTP', grpc, 'standard', { transport: 'http' }],
    ['from protobuf over HTTP to gRPC', http, 'standard', {}],
    ['from protobuf over HTTP to TCP', http, 'standard', { transport: 'tcp' }],
    ['from one dialect to another that has the same messages', grpc, 'mesh', { dialect: 'fate' }],
    ['from JSON to JSON', json, 'standard', { transport: 'http', contentType: 'application/json' }],
    ['from yacl to yacl', bare, 'yacl', { transport: 'http', dialect: 'yacl' }],
  ] as const)('%s', (_, raw, readAs, route) => {
    expect(forward(raw, readAs, route).body).toBe(raw.body);
  });
});

describe('a body is encoded anew', () => {
  it.each([
    ['from JSON to protobuf', json, 'standard', {}],
    ['from JSON to MessagePack', json, 'standard', { transport: 'http', contentType: 'application/msgpack' }],
    ['from protobuf to JSON', grpc, 'standard', { transport: 'http', contentType: 'application/json' }],
    ['from yacl to the standard', bare, 'yacl', { transport: 'http' }],
    ['from the standard to yacl', http, 'standard', { transport: 'http', dialect: 'yacl' }],
  ] as const)('%s', (_, raw, readAs, route) => {
    const { body, headers: sent, contentType } = forward(raw, readAs, route);
    expect(body).not.toBe(raw.body);
    const dialect = dialects[(('dialect' in route && route.dialect) || 'standard') as DialectName];
    const wire = 'transport' in route ? route.transport : 'grpc';
    const received = push({ wire, headers: sent, contentType, body });
    const { topic, payload, session } = dialect.readRequest(received, formats);
    expect([session, topic, Buffer.from(payload).toString()]).toEqual(['s', 't', 'x']);
  });

  it('when its headers name another topic, of which the partner would make another thing', () => {
    const two = { ...grpc, headers: { ...headers, 'x-ptp-topic': 'header' } };
    const call = forward(two, 'mesh');
    expect(call.body).not.toBe(two.body);
    expect(call.headers['x-ptp-topic']).toBeUndefined();
    const received = push({ wire: 'grpc', contentType: '', headers: call.headers, body: call.body });
    expect(dialects.standard.readRequest(received, formats).topic).toBe('header');
  });

  it('when its topic is in a header and not in ASCII', () => {
    const latin = Buffer.from('节点4', 'utf8').toString('latin1');
    const raw = { ...bare, headers: { ...headers, 'x-ptp-topic': latin } };
    const call = forward(raw, 'yacl');
    expect(
      dialects.standard.readRequest(push({ wire: 'grpc', headers: call.headers, body: call.body }), formats).topic,
    ).toBe('节点4');
  });
});

describe('a partner', () => {
  it('is refused when what its dialect has for a body cannot be wrapped', () => {
    const error = thrownBy(() => forward(bare, 'yacl', { transport: 'http', dialect: 'yacl', mode: 'wrapped' }));
    expect(error.message).toContain("the dialect 'yacl' cannot be wrapped over http");
  });

  it('is refused when nothing can encode its content type', () => {
    const error = thrownBy(() => forward(json, 'standard', { transport: 'http', contentType: 'text/plain' }));
    expect(error.code).toBe('E0000000616');
  });
});
