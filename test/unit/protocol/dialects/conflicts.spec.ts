import { describe, expect, it } from 'vitest';
import { MeshCode } from '../../../../lib/errors/mesh-code.js';
import { decodePtp } from '../../../../lib/protocol/ptp/protobuf-reader.js';
import { encodePtp } from '../../../../lib/protocol/ptp/protobuf-writer.js';
import {
  dialects,
  envelopes,
  fate,
  formats,
  jsonAnswer,
  jsonOf,
  mesh,
  payloadText,
  rawRequest,
  sessionAnswer,
  sessionRequest,
  standard,
  yacl,
} from '../../../support/dialect-fixtures.js';

const PROTOBUF = 'application/x-protobuf';
const SUCCESS = MeshCode.SUCCESS;
const none = sessionAnswer({});
const empty = sessionAnswer({ payload: Buffer.alloc(0) });
const message = sessionAnswer({ payload: Buffer.from('hi') });
const answerBytes = (fields: { readonly code: string; readonly payload?: string; readonly message?: string }) => ({
  contentType: PROTOBUF,
  body: encodePtp('TransportOutbound', {
    metadata: {},
    payload: Buffer.from(fields.payload ?? ''),
    code: fields.code,
    message: fields.message ?? '',
  }),
});

describe('the conflict about what peek means', () => {
  it.each(Object.entries(dialects))('is none of the dialect %s: a peek is read and written as such', (_, dialect) => {
    const raw = dialect.writeRequest(sessionRequest({ operation: 'peek' }), 'http', PROTOBUF, formats);
    expect(dialect.readRequest(raw, formats)).toMatchObject({ operation: 'peek', topic: 'topic' });

    const answer = dialect.writeAnswer(raw, message, formats);
    expect(payloadText(dialect.readAnswer('peek', 'http', answer, formats))).toBe('hi');
  });
});

describe('the conflict about a pop that finds no message', () => {
  const pop = rawRequest({ contentType: PROTOBUF });

  it('standard: a success without payload', () => {
    expect(jsonOf(standard.writeAnswer(rawRequest({}), none, formats))).toEqual({ code: SUCCESS, message: 'success' });
    expect(standard.readAnswer('pop', 'http', answerBytes({ code: SUCCESS }), formats)).toEqual(
      sessionAnswer({ message: '' }),
    );
    expect(standard.readAnswer('pop', 'http', jsonAnswer({ code: SUCCESS, content: null }), formats)).toMatchObject({
      code: SUCCESS,
      payload: undefined,
    });
  });

  it('mesh: a success without payload', () => {
    expect(jsonOf(mesh.writeAnswer(rawRequest({}), none, formats))).toEqual({ code: SUCCESS, message: 'success' });
    expect(decodePtp('TransportOutbound', mesh.writeAnswer(pop, none, formats).body).code).toBe(SUCCESS);
    const answer = jsonAnswer({ code: SUCCESS, message: '', payload: null, metadata: null });
    expect(mesh.readAnswer('pop', 'http', answer, formats)).toEqual(sessionAnswer({ message: '' }));
  });

  it('fate: E0000000601', () => {
    expect(jsonOf(fate.writeAnswer(rawRequest({}), none, formats))).toMatchObject({ code: MeshCode.TIMEOUT });
    expect(decodePtp('TransportOutbound', fate.writeAnswer(pop, none, formats).body).code).toBe(MeshCode.TIMEOUT);
    const answer = answerBytes({ code: MeshCode.TIMEOUT, message: 'timeout' });
    expect(fate.readAnswer('pop', 'http', answer, formats)).toMatchObject({ code: SUCCESS, payload: undefined });
    expect(fate.readAnswer('peek', 'grpc', answer, formats)).toMatchObject({ code: SUCCESS, payload: undefined });
  });

  it('fate: E0000000601 is a failure of a push all the same', () => {
    const answer = answerBytes({ code: MeshCode.TIMEOUT, message: 'late' });

    expect(fate.readAnswer('push', 'http', answer, formats)).toMatchObject({ code: MeshCode.TIMEOUT, message: 'late' });
    expect(standard.readAnswer('pop', 'http', answer, formats)).toMatchObject({ code: MeshCode.TIMEOUT });
  });

  it('yacl: E0000000404, and a success with an empty payload is understood', () => {
    expect(decodePtp('TransportOutbound', yacl.writeAnswer(pop, none, formats).body, 'yacl').code).toBe(
      MeshCode.NOT_FOUND,
    );
    for (const code of [MeshCode.NOT_FOUND, SUCCESS]) {
      const fields = { metadata: {}, payload: Buffer.alloc(0), code, message: '' };
      const answer = { contentType: '', body: encodePtp('TransportOutbound', fields, 'yacl') };
      expect(yacl.readAnswer('pop', 'http', answer, formats)).toMatchObject({ code: SUCCESS, payload: undefined });
    }
    expect(yacl.readAnswer('push', 'http', yacl.writeAnswer(pop, none, formats), formats).code).toBe(
      MeshCode.NOT_FOUND,
    );
  });

  it.each(envelopes)('%s: an empty message is a message, in every content type', (_, dialect) => {
    for (const contentType of [PROTOBUF, 'application/json', 'application/x-msgpack', 'application/x-yaml']) {
      const request = rawRequest({ contentType });
      const there = dialect.readAnswer('pop', 'http', dialect.writeAnswer(request, empty, formats), formats);
      expect(payloadText(there)).toBe('');
      const none = dialect.readAnswer('pop', 'http', dialect.writeAnswer(request, sessionAnswer({}), formats), formats);
      expect(none).toMatchObject({ code: SUCCESS, payload: undefined });
    }
  });

  it.each(envelopes)('%s: an empty message in gRPC is what a decoder takes for a success without payload', (_, one) => {
    const { body } = one.writeAnswer(rawRequest({ wire: 'grpc', contentType: '' }), empty, formats);

    expect(decodePtp('TransportOutbound', body)).toMatchObject({ code: SUCCESS, message: 'success' });
    expect(decodePtp('TransportOutbound', body).payload).toHaveLength(0);
    expect(payloadText(one.readAnswer('pop', 'grpc', { contentType: PROTOBUF, body }, formats))).toBe('');
  });

  it('yacl: an empty message is a success, which its client takes for none', () => {
    const answer = yacl.writeAnswer(pop, empty, formats);

    expect(decodePtp('TransportOutbound', answer.body, 'yacl').code).toBe(SUCCESS);
    expect(yacl.readAnswer('pop', 'http', answer, formats).payload).toBeUndefined();
  });
});

describe('the conflict about a full queue', () => {
  it.each(Object.entries(dialects))('%s: is E0000000700, whatever the caller does then', (_, dialect) => {
    const request = rawRequest({ operation: 'push', contentType: PROTOBUF });
    const full = sessionAnswer({ code: MeshCode.BUFFER_FULL, message: 'full' });
    const answer = dialect.writeAnswer(request, full, formats);

    expect(dialect.readAnswer('push', 'http', answer, formats)).toEqual(full);
  });
});

describe("the conflict about a pop's timeout", () => {
  it('yacl: seconds in the query, of a request without body', () => {
    const timeoutOf = (query: string): number | undefined =>
      yacl.readRequest(rawRequest({ query, contentType: '' }), formats).timeoutMs;

    expect(timeoutOf('timeout=10')).toBe(10_000);
    expect(timeoutOf('a=b&timeout=1')).toBe(1_000);
    expect(timeoutOf('timeout=0')).toBe(0);
    expect(timeoutOf('')).toBeUndefined();
    expect(timeoutOf('timeout=')).toBeUndefined();
    for (const wrong of ['timeout=-1', 'timeout=1.5', 'timeout=x', 'timeout=1e3', 'timeout=2147484']) {
      expect(() => timeoutOf(wrong)).toThrow(expect.objectContaining({ code: MeshCode.INVALID_REQUEST }) as Error);
    }
  });

  it('yacl: seconds are written, rounded up', () => {
    const write = (timeoutMs: number | undefined) =>
      yacl.writeRequest(sessionRequest({ timeoutMs }), 'http', '', formats);

    expect(write(10_000)).toMatchObject({ query: 'timeout=10', body: new Uint8Array(0) });
    expect(write(1_001)).toMatchObject({ query: 'timeout=2' });
    expect(write(0)).toMatchObject({ query: 'timeout=0' });
    expect(write(undefined)).toMatchObject({ query: '' });
  });

  it.each(envelopes)('%s: ms in the body', (_, dialect) => {
    const raw = dialect.writeRequest(sessionRequest({ timeoutMs: 10_000 }), 'http', 'application/json', formats);

    expect(jsonOf(raw)).toEqual({ topic: 'topic', timeout: 10_000 });
    expect(dialect.readRequest(raw, formats).timeoutMs).toBe(10_000);
    expect(dialect.readRequest(rawRequest({ text: '{"timeout":0}' }), formats).timeoutMs).toBeUndefined();
    expect(dialect.readRequest(rawRequest({ text: '{"timeout":"250"}' }), formats).timeoutMs).toBe(250);
  });

  it.each(envelopes)('%s: 0 is left to the server, so not to wait is written as 1 ms', (_, dialect) => {
    const raw = dialect.writeRequest(sessionRequest({ timeoutMs: 0 }), 'grpc', '', formats);

    expect(decodePtp('PopInbound', raw.body).timeout).toBe(1);
  });

  it('mesh: x-ptp-timeout wins over the body; elsewhere it fills in', () => {
    const raw = rawRequest({ headers: { 'x-ptp-timeout': '5' }, text: '{"timeout":7}' });

    expect(mesh.readRequest(raw, formats).timeoutMs).toBe(5);
    expect(standard.readRequest(raw, formats).timeoutMs).toBe(7);
    expect(fate.readRequest(raw, formats).timeoutMs).toBe(7);
    for (const [, dialect] of envelopes) {
      expect(dialect.readRequest({ ...raw, body: Buffer.from('{}') }, formats).timeoutMs).toBe(5);
    }
    expect(mesh.writeRequest(sessionRequest({ timeoutMs: 9 }), 'grpc', '', formats).headers).toMatchObject({
      'x-ptp-timeout': '9',
    });
  });
});

describe('the conflict about the body of a push', () => {
  const payload = Buffer.from([0, 255, 10, 123]);

  it.each(['', 'application/octet-stream', 'application/json', 'text/plain'])(
    'yacl: is the payload itself, and the topic a header (content type %j)',
    (contentType) => {
      const headers = { 'x-ptp-tecn-provider-code': 'SecretFlow', 'x-ptp-topic': 'a-b' };
      const raw = rawRequest({ operation: 'push', contentType, headers, body: payload });

      expect(yacl.readRequest(raw, formats)).toMatchObject({ topic: 'a-b', payload, providerCode: 'SecretFlow' });
    },
  );

  it('yacl: is written as the payload itself, without content type', () => {
    const raw = yacl.writeRequest(sessionRequest({ operation: 'push', payload }), 'http', 'application/json', formats);

    expect(raw).toMatchObject({ contentType: '', query: '', headers: { 'x-ptp-topic': 'topic' } });
    expect(raw.body).toBe(payload);
  });

  it('yacl: has no place for metadata, and a topic must fit a header', () => {
    const write = (parts: Parameters<typeof sessionRequest>[0]) => () =>
      yacl.writeRequest(sessionRequest({ operation: 'push', payload, ...parts }), 'http', '', formats);

    expect(write({ metadata: { k: 'v' } })).toThrow(/cannot have metadata/);
    expect(write({ topic: '节点4' })).toThrow(/'x-ptp-topic' cannot be sent/);
  });

  it.each(envelopes)('%s: is a message with topic, payload and metadata', (_, dialect) => {
    const request = sessionRequest({ operation: 'push', payload, metadata: { k: 'v' } });
    const raw = dialect.writeRequest(request, 'http', 'application/json', formats);

    expect(jsonOf(raw)).toEqual({ topic: 'topic', payload: 'AP8Kew==', metadata: { k: 'v' } });
    expect(dialect.readRequest(raw, formats)).toMatchObject({ topic: 'topic', payload, metadata: { k: 'v' } });
  });
});

describe('the conflict about the fields of an answer in JSON', () => {
  const request = rawRequest({});

  it('standard: content', () => {
    expect(jsonOf(standard.writeAnswer(request, message, formats))).toEqual({
      code: SUCCESS,
      message: 'success',
      content: 'aGk=',
    });
  });

  it('mesh: payload', () => {
    expect(jsonOf(mesh.writeAnswer(request, message, formats))).toEqual({
      code: SUCCESS,
      message: 'success',
      payload: 'aGk=',
    });
  });

  it('fate: payload and msg', () => {
    expect(jsonOf(fate.writeAnswer(request, message, formats))).toEqual({
      code: SUCCESS,
      msg: 'success',
      payload: 'aGk=',
    });
  });

  it.each(envelopes)('%s: every spelling is read', (_, dialect) => {
    for (const fields of [
      { code: SUCCESS, message: 'm', content: 'aGk=' },
      { code: SUCCESS, message: 'm', payload: 'aGk=' },
      { code: SUCCESS, msg: 'm', payload: 'aGk', metadata: { a: 'b' } },
    ]) {
      const answer = dialect.readAnswer('pop', 'http', jsonAnswer(fields), formats);
      expect(answer).toMatchObject({ message: 'm', metadata: fields.metadata ?? {} });
      expect(payloadText(answer)).toBe('hi');
    }
  });
});

describe('the conflict about the layout of TransportOutbound', () => {
  it.each(envelopes)('%s: metadata, payload, code, message', (_, dialect) => {
    const { body, contentType } = dialect.writeAnswer(rawRequest({ wire: 'grpc' }), message, formats);

    expect(contentType).toBe(PROTOBUF);
    expect(Buffer.from(body).toString('hex')).toMatch(/^120268691a0b/);
  });

  it.each(['grpc', 'http'] as const)('yacl: payload, code, message, over %s', (wire) => {
    const answer = yacl.writeAnswer(rawRequest({ wire, contentType: '' }), message, formats);

    expect(answer.contentType).toBe(PROTOBUF);
    expect(Buffer.from(answer.body).toString('hex')).toMatch(/^0a026869120b/);
    expect(payloadText(yacl.readAnswer('pop', wire, answer, formats))).toBe('hi');
  });
});

describe('the conflict about the spelling of headers', () => {
  it.each(Object.entries(dialects))('%s: reads every spelling', (_, dialect) => {
    const headers = {
      'x-ptp-session-id': 's',
      'x-ptp-tecn-provider-code': 'code',
      'x-ptp-from-node-id': 'LX1',
      'x-ptp-from-inst-id': 'JG1',
      'mesh-token': 'token',
    };

    expect(dialect.readRequest(rawRequest({ headers }), formats)).toMatchObject({
      session: 's',
      providerCode: 'code',
      token: 'token',
      parties: { sourceNodeId: 'LX1', sourceInstId: 'JG1', targetNodeId: '', targetInstId: '' },
    });
  });

  it.each(Object.entries(dialects))("%s: sends the standard's", (_, dialect) => {
    expect(dialect.writeRequest(sessionRequest({}), 'grpc', '', formats).headers).toMatchObject({
      'x-ptp-session-id': 'session_id_008',
      'x-ptp-tech-provider-code': 'LX',
      'x-ptp-trace-id': 'trace',
      'x-ptp-token': 'x',
      'x-ptp-source-node-id': 'LX1',
      'x-ptp-source-inst-id': 'JG1',
      'x-ptp-target-node-id': 'LX2',
      'x-ptp-target-inst-id': 'JG2',
    });
  });
});

describe('the conflict about where the topic stands', () => {
  const raw = rawRequest({ headers: { 'x-ptp-topic': 'header' }, text: '{"topic":"body"}' });
  const topicOf = (dialect: typeof standard | typeof mesh, request = raw): string =>
    dialect.readRequest(request, formats).topic;

  it('mesh: x-ptp-topic wins over the body', () => expect(topicOf(mesh)).toBe('header'));

  it('mesh: both are written', () => {
    const written = mesh.writeRequest(sessionRequest({ topic: 't' }), 'grpc', '', formats);

    expect(written.headers['x-ptp-topic']).toBe('t');
    expect(decodePtp('PopInbound', written.body).topic).toBe('t');
    const beyond = mesh.writeRequest(sessionRequest({ topic: '节点' }), 'grpc', '', formats);
    expect(beyond.headers['x-ptp-topic']).toBeUndefined();
    expect(mesh.readRequest(beyond, formats).topic).toBe('节点');
  });

  it('standard and fate: the body wins, and the header fills in', () => {
    expect(topicOf(standard)).toBe('body');
    expect(topicOf(fate)).toBe('body');
    expect(topicOf(standard, rawRequest({ headers: raw.headers }))).toBe('header');
  });

  it('a topic in a header that is UTF-8 is read as such', () => {
    const headers = { 'x-ptp-topic': Buffer.from('节点4').toString('latin1') };

    expect(topicOf(mesh, rawRequest({ headers }))).toBe('节点4');
    expect(topicOf(mesh, rawRequest({ headers: { 'x-ptp-topic': 'caf\u00e9' } }))).toBe('caf\u00e9');
  });
});

describe("the conflict about success in M's older nodes", () => {
  it.each(Object.entries(dialects))('%s: 0 is success', (_, dialect) => {
    for (const code of [0, '0']) {
      expect(dialect.readAnswer('push', 'http', jsonAnswer({ code, message: 'ok' }), formats).code).toBe(SUCCESS);
    }
  });
});

describe('the conflict about the message of an answer', () => {
  const failure = sessionAnswer({ code: MeshCode.NOT_IN_NETWORK, message: 'no "way"\nto LX\\1' });
  const messageOf = (dialect: typeof standard | typeof yacl, request: Parameters<typeof rawRequest>[0]): string => {
    const raw = rawRequest(request);
    return dialect.readAnswer('pop', raw.wire, dialect.writeAnswer(raw, failure, formats), formats).message;
  };

  it.each(Object.entries(dialects))(
    '%s: in protobuf it can be put into JSON as it is, which the SDK does',
    (_, one) => {
      expect(messageOf(one, { wire: 'grpc', contentType: '' })).toBe("no 'way' to LX/1");
      expect(messageOf(one, { contentType: PROTOBUF })).toBe("no 'way' to LX/1");
    },
  );

  it.each(envelopes)('%s: elsewhere it stays as it is', (_, dialect) => {
    expect(messageOf(dialect, {})).toBe(failure.message);
  });
});
