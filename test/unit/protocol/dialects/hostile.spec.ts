import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { encodePtp } from '../../../../lib/protocol/ptp/protobuf-writer.js';
import {
  dialects,
  envelopes,
  formats,
  jsonOf,
  rawRequest,
  sessionAnswer,
  sessionRequest,
  thrownBy,
} from '../../../support/dialect-fixtures.js';

const push = (fields: unknown) => rawRequest({ operation: 'push', text: JSON.stringify(fields) });
const many = Object.fromEntries(Array.from({ length: 257 }, (_, index) => [`k${index}`, 'v']));

describe.each(envelopes)('%s', (_, dialect) => {
  it.each<[string, unknown]>([
    ['a topic that is none', { topic: {}, payload: '' }],
    ['a topic that is too long', { topic: 't'.repeat(8_193), payload: '' }],
    ['half a surrogate pair', { topic: '\ud800', payload: '' }],
    ['no payload', { topic: 't' }],
    ['a payload of another kind', { topic: 't', payload: 5 }],
    ['base64 that is none', { topic: 't', payload: 'a b=' }],
    ['base64 with a character too many', { topic: 't', payload: 'aGkaG' }],
    ['base64 with padding in its midst', { topic: 't', payload: 'aG==aGkh' }],
    ['base64 with too much padding', { topic: 't', payload: 'aGk==' }],
    ['metadata that are none', { topic: 't', payload: '', metadata: [1] }],
    ['metadata with another kind of value', { topic: 't', payload: '', metadata: { a: {} } }],
    ['metadata that are too many', { topic: 't', payload: '', metadata: many }],
    ['metadata that are too long', { topic: 't', payload: '', metadata: { a: 'v'.repeat(8_193) } }],
    ['a message id that is too long', { topic: 't', payload: '', metadata: { 'mesh-message-id': 'v'.repeat(257) } }],
  ])('refuses %s', (_name, fields) => {
    expect(thrownBy(() => dialect.readRequest(push(fields), formats)).code).toBe(MeshCode.INVALID_REQUEST);
  });

  it.each(['-1', '1.5', '2147483648', '1e400', '"x"', '[]', 'true'])('refuses the timeout %s', (timeout) => {
    const request = rawRequest({ text: `{"timeout": ${timeout}}` });

    expect(thrownBy(() => dialect.readRequest(request, formats)).code).toBe(MeshCode.INVALID_REQUEST);
  });

  it('refuses a negative timeout in protobuf', () => {
    const body = encodePtp('PopInbound', { topic: '', timeout: -1 });

    expect(thrownBy(() => dialect.readRequest(rawRequest({ wire: 'grpc', body }), formats)).code).toBe(
      MeshCode.INVALID_REQUEST,
    );
  });

  it.each<[string, string]>([
    ['text/plain', 'hi'],
    ['application/json', '{'],
    ['application/json', '[]'],
    ['', 'no json'],
    ['application/x-protobuf', '\n'],
    ['application/xml', '<a>'],
  ])('refuses the content type %j with the body %j', (contentType, text) => {
    const request = rawRequest({ operation: 'push', contentType, text });

    expect(thrownBy(() => dialect.readRequest(request, formats)).code).toBe(MeshCode.ENCODING);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', ''])('answers %j in JSON', (contentType) => {
    const failure = sessionAnswer({ code: MeshCode.ENCODING, message: 'no' });
    const answer = dialect.writeAnswer(rawRequest({ contentType }), failure, formats);

    expect(answer.contentType).toBe('application/json');
    expect(jsonOf(answer)).toMatchObject({ code: MeshCode.ENCODING });
  });

  it.each([{}, { code: '' }, { code: {} }, { code: 'x'.repeat(65) }, { code: 'E0000000000', payload: '!' }, []])(
    'refuses the answer %j',
    (fields) => {
      const answer = { contentType: 'application/json', body: Buffer.from(JSON.stringify(fields)) };

      expect(thrownBy(() => dialect.readAnswer('pop', 'http', answer, formats)).code).toBe(MeshCode.ENCODING);
    },
  );
});

describe.each(Object.entries(dialects))('%s', (_, dialect) => {
  it.each<[string, Parameters<typeof sessionRequest>[0]]>([
    ['a line break in the session', { session: 'a\r\nx-ptp-token: y' }],
    ['a line break in the token', { token: 'a\nb' }],
    ['a session that is not ASCII', { session: '节点' }],
    ['a message id that is not ASCII', { messageId: '节' }],
    ['a message id that is too long', { messageId: 'a'.repeat(257) }],
    ['a target with a NUL', { parties: { sourceNodeId: '', sourceInstId: '', targetNodeId: '\0', targetInstId: '' } }],
    ['a negative timeout', { timeoutMs: -1 }],
    ['a timeout that is no number', { timeoutMs: NaN }],
    ['an endless timeout', { timeoutMs: Infinity }],
    ['half a surrogate pair in the topic', { topic: '\udc00' }],
  ])('refuses to write %s', (_name, parts) => {
    const write = (wire: 'grpc' | 'http') => () =>
      dialect.writeRequest(sessionRequest(parts), wire, 'application/json', formats);

    expect(thrownBy(write('grpc')).code).toBe(MeshCode.INVALID_REQUEST);
    expect(thrownBy(write('http')).code).toBe(MeshCode.INVALID_REQUEST);
  });

  it('leaves a missing session to the service', () => {
    expect(dialect.readRequest(rawRequest({}), formats).session).toBe('');
  });

  it('reads the message id from the header, and from the metadata before it', () => {
    const headers = { 'mesh-message-id': 'header', 'x-ptp-topic': 't' };
    const body = encodePtp('PushInbound', {
      topic: 't',
      payload: Buffer.from('hi'),
      metadata: { 'mesh-message-id': 'body', k: 'v' },
    });
    const raw = rawRequest({ operation: 'push', wire: 'grpc', headers, body });

    expect(dialect.readRequest(raw, formats)).toMatchObject({ messageId: 'body', metadata: { k: 'v' } });
    expect(dialect.readRequest(raw, formats).metadata).not.toHaveProperty('mesh-message-id');
    const bare = rawRequest({ operation: 'push', headers, text: '{"payload":""}' });
    expect(dialect.readRequest(bare, formats).messageId).toBe('header');
  });
});
