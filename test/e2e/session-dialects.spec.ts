import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionOptions } from 'nestjs-mesh';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { type HttpAnswer, http1Caller, http2Caller, type Post } from '../support/http-callers.js';
import { startApp } from '../support/mesh-app.js';
import { sessionStatsOf } from '../support/session-stats.js';

/** A request as a plain client sends it, byte for byte. */
interface Plain {
  readonly headers: Readonly<Record<string, string>>;
  readonly query?: string;
  /** Bytes in hex, or a text. */
  readonly hex?: string;
  readonly text?: string;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const PROTOBUF_TYPE = { 'content-type': 'application/x-protobuf' };
const SESSION = { 'x-ptp-session-id': 'session_id_008', 'x-ptp-token': 'x', 'x-ptp-trace-id': '1' };
const STANDARD = { ...SESSION, 'x-ptp-tech-provider-code': 'LX' };
const MESH = { ...STANDARD, 'mesh-span-id': '0' };
const FATE = { ...STANDARD, 'x-ptp-from-node-id': '9999', 'x-ptp-from-inst-id': '9999' };
const YACL = { ...SESSION, 'x-ptp-tecn-provider-code': 'SecretFlow' };

const ascii = (text: string): string => Buffer.from(text).toString('hex');
/** Fields of a protobuf message: tag, length, bytes. */
const field = (tag: string, text: string): string => tag + Buffer.of(text.length).toString('hex') + ascii(text);
const TOPIC = field('0a', 'topic');

/** Answers in protobuf, as Google's encoder writes them: metadata 1, payload 2, code 3, message 4. */
const answerHex = (code: string, message: string, payload = ''): string =>
  (payload && field('12', payload)) + field('1a', code) + field('22', message);
/** The same in yacl's layout: payload 1, code 2, message 3. */
const yaclHex = (code: string, message: string, payload = ''): string =>
  (payload && field('0a', payload)) + field('12', code) + field('1a', message);

const SUCCESS = ['E0000000000', 'success'] as const;
const NO_MESSAGE = 'there is no message in the topic';

const hex = ({ body }: HttpAnswer): string => body.toString('hex');
const json = ({ body }: HttpAnswer): unknown => JSON.parse(body.toString());

type Wire = readonly [string, (address: string) => Post];
const wires: readonly Wire[] = [
  ['HTTP/1.1', http1Caller],
  ['HTTP/2', http2Caller],
];

describe.each(wires)('a plain client of the session API over %s', (_, caller) => {
  async function start(sessions: SessionOptions = {}) {
    const { app, address } = await startApp({ options: { sessions } });
    const post = caller(address);
    const call = async (operation: string, { headers, query, hex: bytes, text = '' }: Plain): Promise<HttpAnswer> => {
      const path = `/v1/interconn/chan/${operation}${query ? `?${query}` : ''}`;
      const answer = await post(path, headers, bytes === undefined ? text : Buffer.from(bytes, 'hex'));
      expect(answer.status).toBe(200);
      return answer;
    };
    return Object.assign(call, { waiting: () => sessionStatsOf(app).waiting });
  }

  const inJson = (headers: Plain['headers'], body: object): Plain => ({
    headers: { ...headers, ...JSON_TYPE },
    text: JSON.stringify(body),
  });
  const inProtobuf = (headers: Plain['headers'], bytes: string): Plain => ({
    headers: { ...headers, ...PROTOBUF_TYPE },
    hex: bytes,
  });

  describe('in JSON', () => {
    const pushed = { topic: '话题', payload: 'aGVsbG8=' };

    it.each([
      ['standard', STANDARD, 'message', 'content'],
      ['mesh', MESH, 'message', 'payload'],
      ['fate', FATE, 'msg', 'payload'],
    ] as const)('%s: gets its own fields', async (_dialect, headers, message, payload) => {
      const call = await start();
      const push = await call('push', inJson(headers, pushed));
      expect([push.contentType, json(push)]).toEqual([
        'application/json',
        { code: 'E0000000000', [message]: 'success' },
      ]);

      const full = { code: 'E0000000000', [message]: 'success', [payload]: 'aGVsbG8=' };
      expect(json(await call('peek', inJson(headers, { topic: '话题' })))).toEqual(full);
      expect(json(await call('pop', inJson(headers, { topic: '话题', timeout: 1_000 })))).toEqual(full);
    });

    it('reads a body without content type, and answers a form in JSON', async () => {
      const call = await start();
      await call('push', { headers: STANDARD, text: '{"topic":"topic","payload":"aGk="}' });
      const form = { ...STANDARD, 'content-type': 'application/x-www-form-urlencoded' };
      const answer = await call('pop', { headers: form, text: 'topic=topic&timeout=1000' });
      expect([answer.contentType, json(answer)]).toEqual([
        'application/json',
        { code: 'E0000000000', message: 'success', content: 'aGk=' },
      ]);
    });
  });

  describe('in protobuf', () => {
    it.each([
      ['standard', STANDARD],
      ['mesh', MESH],
      ['fate', FATE],
    ])('%s: metadata, payload, code, message', async (_dialect, headers) => {
      const call = await start();
      const push = await call('push', inProtobuf(headers, TOPIC + field('12', 'hello')));
      expect([push.contentType, hex(push)]).toEqual(['application/x-protobuf', answerHex(...SUCCESS)]);
      expect(hex(await call('pop', inProtobuf(headers, `${TOPIC}10e807`)))).toBe(answerHex(...SUCCESS, 'hello'));
    });

    it('yacl: payload, code, message; the body of a push is the payload itself', async () => {
      const call = await start();
      const headers = { ...YACL, 'x-ptp-topic': 'root:0' };
      const push = await call('push', { headers, hex: ascii('{"hello"') });
      expect([push.contentType, hex(push)]).toEqual(['application/x-protobuf', yaclHex(...SUCCESS)]);
      expect(hex(await call('pop', { headers, query: 'timeout=1' }))).toBe(yaclHex(...SUCCESS, '{"hello"'));
    });
  });

  describe('a pop that finds no message', () => {
    it.each([
      ['standard', inJson(STANDARD, { topic: 't', timeout: 1 }), { code: 'E0000000000', message: 'success' }],
      ['mesh', inJson(MESH, { topic: 't', timeout: 1 }), { code: 'E0000000000', message: 'success' }],
      ['fate', inJson(FATE, { topic: 't', timeout: 1 }), { code: 'E0000000601', msg: NO_MESSAGE }],
    ])('%s, in JSON', async (_dialect, plain, expected) => {
      const call = await start();
      expect(json(await call('pop', plain))).toEqual(expected);
    });

    it.each([
      ['standard', inProtobuf(STANDARD, `${TOPIC}1001`), answerHex(...SUCCESS)],
      ['mesh', inProtobuf(MESH, `${TOPIC}1001`), answerHex(...SUCCESS)],
      ['fate', inProtobuf(FATE, `${TOPIC}1001`), answerHex('E0000000601', NO_MESSAGE)],
      ['yacl', { headers: { ...YACL, 'x-ptp-topic': 't' }, query: 'timeout=0' }, yaclHex('E0000000404', NO_MESSAGE)],
    ])('%s, in protobuf', async (_dialect, plain, expected) => {
      const call = await start();
      expect(hex(await call('pop', plain))).toBe(expected);
    });

    it('is not one that finds an empty message', async () => {
      const call = await start();
      await call('push', inJson(STANDARD, { topic: 'topic', payload: '' }));
      const peeked = json(await call('peek', inJson(STANDARD, { topic: 'topic' })));
      expect(peeked).toEqual({ code: 'E0000000000', message: 'success', content: '' });
      expect(hex(await call('pop', inProtobuf(STANDARD, TOPIC)))).toBe(`${answerHex(...SUCCESS)}1200`);
    });
  });

  describe("a pop's timeout", () => {
    it('yacl: is seconds in the query', async () => {
      const call = await start();
      const headers = { ...YACL, 'x-ptp-topic': 'topic' };
      const popped = call('pop', { headers, query: 'timeout=5' });
      await eventually('it waits', () => call.waiting() === 1);
      // Long enough that 5 ms would have passed.
      await sleep(100);
      await call('push', { headers, text: 'late' });
      expect(hex(await popped)).toBe(yaclHex(...SUCCESS, 'late'));
    });

    it('standard, mesh, fate: is milliseconds in the body, and in mesh a header that wins', async () => {
      const call = await start();
      const start_ = performance.now();
      await call('pop', inJson(STANDARD, { timeout: 20 }));
      await call('pop', inJson(FATE, { timeout: 20 }));
      await call('pop', inJson({ ...MESH, 'x-ptp-timeout': '20' }, { timeout: 60_000 }));
      // Seconds, or the body in mesh's case, would have taken the test's own time.
      expect(performance.now() - start_).toBeGreaterThanOrEqual(55);
    });
  });

  it('has its topic in the header: mesh and yacl prefer it, standard and fate fall back on it', async () => {
    const call = await start();
    const push = (headers: Plain['headers'], topic: string): Promise<HttpAnswer> =>
      call('push', inJson({ ...headers, 'x-ptp-topic': 'header' }, { topic, payload: 'aGk=' }));
    const pop = async (topic: string): Promise<unknown> =>
      json(await call('pop', inJson(STANDARD, { topic, timeout: 1 })));
    const hi = { code: 'E0000000000', message: 'success', content: 'aGk=' };

    await push(MESH, 'body');
    expect(await pop('header')).toEqual(hi);
    for (const headers of [STANDARD, FATE]) {
      await push(headers, 'body');
      expect(await pop('body')).toEqual(hi);
      await push(headers, '');
      expect(await pop('header')).toEqual(hi);
    }
  });

  it('peeks: the message stays, or is taken where the options say so', async () => {
    const peekTwice = async (peek: 'retain' | 'consume'): Promise<readonly unknown[]> => {
      const call = await start({ peek });
      await call('push', inJson(MESH, { topic: 'topic', payload: 'aGk=' }));
      const peeks = [await call('peek', inJson(MESH, { topic: 'topic' })), await call('peek', inProtobuf(FATE, TOPIC))];
      return [json(peeks[0]!), hex(peeks[1]!)];
    };
    const hi = { code: 'E0000000000', message: 'success', payload: 'aGk=' };
    expect(await peekTwice('retain')).toEqual([hi, answerHex(...SUCCESS, 'hi')]);
    expect(await peekTwice('consume')).toEqual([hi, answerHex('E0000000601', NO_MESSAGE)]);
  });

  it('is told E0000000700 when the queue is full, in every dialect', async () => {
    const call = await start({ maxQueueMessages: 1, whenFull: 'fail' });
    await call('push', inJson(STANDARD, { topic: 't', payload: 'aGk=' }));
    for (const headers of [STANDARD, MESH, FATE]) {
      const answer = await call('push', inJson(headers, { topic: 't', payload: 'aGk=' }));
      expect(json(answer)).toMatchObject({ code: 'E0000000700' });
    }
    const yacl = await call('push', { headers: { ...YACL, 'x-ptp-topic': 't' }, text: 'hi' });
    expect(hex(yacl)).toContain(field('12', 'E0000000700'));
  });

  it('ends the waiting pops of all dialects when it releases the session, which then begins anew', async () => {
    const call = await start();
    const waiting = [
      call('pop', inJson(STANDARD, { topic: 'topic', timeout: 10_000 })),
      call('pop', inProtobuf(FATE, TOPIC)),
      call('pop', { headers: { ...YACL, 'x-ptp-topic': 'topic' } }),
    ];
    await eventually('they wait', () => call.waiting() === 3);
    expect(json(await call('release', inJson(STANDARD, {})))).toEqual({ code: 'E0000000000', message: 'success' });
    const [standard, fate, yacl] = await Promise.all(waiting);
    expect(json(standard!)).toMatchObject({ code: 'E0000000608' });
    expect(hex(fate!)).toContain(field('1a', 'E0000000608'));
    expect(hex(yacl!)).toContain(field('12', 'E0000000608'));

    await call('push', inProtobuf(STANDARD, TOPIC + field('12', 'anew')));
    expect(hex(await call('pop', inProtobuf(STANDARD, TOPIC)))).toBe(answerHex(...SUCCESS, 'anew'));
  });

  it('is told in its own dialect and content type what is wrong with its request, and nothing is stored', async () => {
    const call = await start();
    const { 'x-ptp-session-id': _id, ...nameless } = STANDARD;
    expect(json(await call('push', inJson(nameless, { payload: 'aGk=' })))).toMatchObject({ code: 'E0000000400' });
    expect(json(await call('push', inJson(FATE, { payload: 'no base64!' })))).toMatchObject({
      code: 'E0000000400',
      msg: expect.stringContaining('base64') as string,
    });
    expect(json(await call('push', { headers: { ...MESH, ...JSON_TYPE }, text: '{' }))).toMatchObject({
      code: 'E0000000616',
    });
    expect(hex(await call('push', inProtobuf(STANDARD, '0aff')))).toContain(field('1a', 'E0000000616'));
    const unknown = { ...STANDARD, 'content-type': 'application/x-nothing' };
    expect(json(await call('push', { headers: unknown, text: 'x' }))).toMatchObject({ code: 'E0000000616' });
    const wrong = await call('pop', { headers: { ...YACL, 'x-ptp-topic': 't' }, query: 'timeout=soon' });
    expect(hex(wrong)).toContain(field('12', 'E0000000400'));

    expect(json(await call('peek', inJson(STANDARD, {})))).toEqual({ code: 'E0000000000', message: 'success' });
  });
});
