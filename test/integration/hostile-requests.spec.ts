import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import {
  bytes,
  int64,
  MeshCode,
  MeshConsumer,
  MeshContext,
  MeshFacade,
  type MeshOptions,
  MeshProvider,
  type MeshService,
  Mpi,
  RunMode,
} from 'nestjs-mesh';
import { formatUrn } from '../../lib/protocol/urn.js';
import { startApp } from '../support/mesh-app.js';
import { RawClient } from '../support/raw-client.js';
import { startRelay } from '../support/relay.js';

@MeshFacade({ timeoutMs: 60_000 })
class Target {
  @Mpi('mesh.target.echo', ['value']) echo!: (value: unknown) => Promise<unknown>;
  @Mpi('mesh.target.typed', [bytes('data'), int64('id')]) typed!: (data: Uint8Array, id: bigint) => Promise<string>;
  @Mpi('mesh.target.look') look!: () => Promise<Record<string, unknown>>;
  @Mpi('mesh.target.pass') pass!: () => Promise<Record<string, unknown>>;
  @Mpi('mesh.target.swell', ['size']) swell!: (size: number) => Promise<string>;
}

@MeshProvider(Target)
class TargetController implements MeshService<Target> {
  constructor(@MeshConsumer(Target) private readonly target: Target) {}
  echo(value: unknown): unknown {
    return value === undefined ? 'nothing' : value;
  }
  typed(data: Uint8Array, id: bigint): string {
    return `${data.length} ${id}`;
  }
  look(): Record<string, unknown> {
    const { traceId, spanId, runMode, attachments, remainingMs, source } = MeshContext.current()!;
    return { traceId, spanId, runMode, attachments, remainingMs, source };
  }
  pass(): Promise<Record<string, unknown>> {
    return this.target.look();
  }
  swell(size: number): string {
    return 'x'.repeat(size);
  }
}

const urnOf = (name: string, nodeId = 'LX0000000000000') => formatUrn({ name: `mesh.target.${name}`, nodeId });
const at = (name: string) => ({ 'mesh-urn': urnOf(name) });

/** A provider, a client that speaks to it through one connection, and what must hold in the end. */
async function startTarget(options: MeshOptions = {}) {
  const provider = await startApp({ controllers: [TargetController], facades: [Target], options });
  const relay = await startRelay(provider.address);
  const client = new RawClient(relay.address);
  const livesOn = async () => {
    expect(await client.call('{"value": "still there"}', at('echo'))).toMatchObject({ content: 'still there' });
    expect(relay.connections).toBe(1);
  };
  return { client, livesOn };
}

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, 'b']));

describe('a request that is refused', () => {
  it.each([
    ['no JSON', '{"value": ', MeshCode.ENCODING, /JSON/],
    ['nothing', '', MeshCode.ENCODING, /JSON/],
    ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), MeshCode.ENCODING, /./],
    ['two values', '{} {}', MeshCode.ENCODING, /JSON/],
    ['no object', '[1]', MeshCode.INVALID_REQUEST, /must be one object .* got an array/],
    ['null', 'null', MeshCode.INVALID_REQUEST, /got null/],
    ['a number', '5', MeshCode.INVALID_REQUEST, /got a number/],
    ['too deep', `{"value": ${nested(70)}}`, MeshCode.INVALID_REQUEST, /deep/],
    ['far too deep', nested(20_000), MeshCode.INVALID_REQUEST, /deep/],
    ['with __proto__', '{"__proto__": {"polluted": true}}', MeshCode.INVALID_REQUEST, /__proto__/],
    [
      'with __proto__ within',
      '{"value": [{"\\u005f_proto__": {"polluted": true}}]}',
      MeshCode.INVALID_REQUEST,
      /__proto__/,
    ],
    [
      'with attachments that are a list',
      '{"attachments": ["a"]}',
      MeshCode.INVALID_REQUEST,
      /attachments must be a map/,
    ],
    ['with attachments that are a text', '{"attachments": "a"}', MeshCode.INVALID_REQUEST, /attachments must be a map/],
    [
      'with an attachment that is an object',
      '{"attachments": {"a": {}}}',
      MeshCode.INVALID_REQUEST,
      /'a' must be a string/,
    ],
    ['with __proto__ attached', '{"attachments": {"__proto__": "x"}}', MeshCode.INVALID_REQUEST, /__proto__/],
    [
      'with 300 attachments',
      JSON.stringify({ attachments: many(300) }),
      MeshCode.INVALID_REQUEST,
      /at most 256 attachments, got 300/,
    ],
    [
      'with a long attachment',
      JSON.stringify({ attachments: { a: 'x'.repeat(10_000) } }),
      MeshCode.INVALID_REQUEST,
      /at most 8192 characters/,
    ],
  ])('is %s', async (_, body, code, message) => {
    const { client, livesOn } = await startTarget();
    const answer = await client.call(body, at('echo'));
    expect(answer).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(answer).not.toHaveProperty('content');
    expect({}).not.toHaveProperty('polluted');
    await livesOn();
  });

  it.each([
    ['missing', {}, MeshCode.INVALID_REQUEST, /'mesh-urn' is missing/],
    ['empty', { 'mesh-urn': '' }, MeshCode.INVALID_REQUEST, /'mesh-urn' is missing/],
    ['malformed', { 'mesh-urn': 'mesh.target.echo' }, MeshCode.INVALID_REQUEST, /^invalid URN/],
    ['too long', { 'mesh-urn': 'a.'.repeat(2_000) }, MeshCode.INVALID_REQUEST, /^invalid URN: .*at most 1024/],
    [
      'of nobody here',
      { 'mesh-urn': urnOf('nothing') },
      MeshCode.NO_SERVICE,
      /nobody here provides 'mesh.target.nothing'/,
    ],
    [
      'of every object',
      { 'mesh-urn': formatUrn({ name: '__proto__', nodeId: 'LX' }) },
      MeshCode.NO_SERVICE,
      /__proto__/,
    ],
  ])('has a URN that is %s', async (_, headers, code, message) => {
    const { client, livesOn } = await startTarget();
    expect(await client.call('{}', headers)).toMatchObject({ code, message: expect.stringMatching(message) });
    await livesOn();
  });

  it.each([
    ['{"data": 5, "id": 1}', 'arguments.data must be bytes (base64), got a number'],
    ['{"data": "no base64!", "id": 1}', 'arguments.data must be bytes in base64, but is no valid base64'],
    ['{"data": "", "id": 1.5}', 'arguments.id must be an integer, got a number'],
    ['{"data": "", "id": [1]}', 'arguments.id must be an integer, got a list'],
  ])('has arguments of other types than the facade says: %s', async (body, message) => {
    const { client, livesOn } = await startTarget();
    expect(await client.call(body, at('typed'))).toMatchObject({ code: MeshCode.INVALID_REQUEST, message });
    await livesOn();
  });

  it('is larger than the limit, as is an answer', async () => {
    const { client, livesOn } = await startTarget({ limits: { maxMessageBytes: 10_000 } });
    expect(await client.call(JSON.stringify({ value: 'x'.repeat(10_001) }), at('echo'))).toMatchObject({
      code: MeshCode.MESSAGE_TOO_LONG,
      message: expect.stringContaining('more than limits.maxMessageBytes (10000)'),
    });
    await livesOn();
    // What could not be a message within the limit in any encoding is not even read.
    expect(await client.status(JSON.stringify({ value: 'x'.repeat(100_000) }), at('echo'))).toBe(
      status.RESOURCE_EXHAUSTED,
    );
    await livesOn();
    expect(await client.call('{"size": 20000}', at('swell'))).toMatchObject({
      code: MeshCode.MESSAGE_TOO_LONG,
      message: expect.stringContaining('more than limits.maxMessageBytes (10000)'),
    });
    await livesOn();
  });

  it('goes to another path', async () => {
    const { client, livesOn } = await startTarget();
    expect(await client.status('{}', at('echo'), '/mesh-rpc/v2')).toBe(status.UNIMPLEMENTED);
    await livesOn();
  });

  it('stands between others in one stream, which lives on', async () => {
    const { client, livesOn } = await startTarget();
    const answers = await client.stream(['{"value": 1}', '{', '[]', '{"value": 2}'], at('echo'));
    expect(answers.map(({ code, content }) => content ?? code)).toEqual([
      1,
      MeshCode.ENCODING,
      MeshCode.INVALID_REQUEST,
      2,
    ]);
    await livesOn();
  });
});

describe('a request that is odd', () => {
  it('is served all the same', async () => {
    const { client, livesOn } = await startTarget();
    const foreign = { 'mesh-urn': urnOf('echo', 'LX9999999999999') };
    expect(await client.call('{"value": 1}', foreign)).toMatchObject({ code: MeshCode.SUCCESS, content: 1 });
    expect(await client.call('{}', at('echo'))).toMatchObject({ content: 'nothing' });
    expect(await client.call('{"value": 1, "value": 2, "more": 3}', at('echo'))).toMatchObject({ content: 2 });
    const inside = { 'mesh-urn': urnOf('echo') };
    expect(await client.call(JSON.stringify({ value: 1, attachments: inside }), {})).toMatchObject({ content: 1 });
    expect(await client.call(`{"value": ${'9'.repeat(100_000)}}`, at('echo'))).toBeDefined();
    await livesOn();
  });

  it('has attachments that are numbers, booleans or null, as some languages send', async () => {
    const { client } = await startTarget();
    const attachments = { Number: 5, yes: true, none: null, text: 't' };
    const { content } = await client.call(JSON.stringify({ attachments }), at('look'));
    expect(content).toMatchObject({ attachments: { number: '5', yes: 'true', text: 't' } });
    expect((content as { attachments: object }).attachments).not.toHaveProperty('none');
  });

  it('has a trace that cannot be carried on: a new one is begun', async () => {
    const { client, livesOn } = await startTarget();
    for (const trace of ['a\nb', 'ü', 'x'.repeat(500), 'a b']) {
      const attachments = {
        'x-ptp-trace-id': trace,
        'mesh-span-id': '0.1\r\n',
        'mesh-run-mode': '1e9',
        traceparent: trace,
      };
      const { content } = await client.call(JSON.stringify({ attachments }), at('pass'));
      expect(content).toMatchObject({ spanId: '0.1', runMode: RunMode.ROUTINE, attachments: {} });
      expect((content as { traceId: string }).traceId).toMatch(/^[0-9A-F]{8}\d+$/);
    }
    await livesOn();
  });

  it('has a trace of its own, which is carried on', async () => {
    const { client } = await startTarget();
    const headers = { ...at('pass'), 'x-ptp-trace-id': 'T-1', 'mesh-span-id': '0.7', 'mesh-run-mode': '17' };
    expect(await client.call('{}', headers)).toMatchObject({
      content: { traceId: 'T-1', spanId: '0.7.1', runMode: RunMode.ROUTINE | RunMode.LOAD_TEST },
    });
  });
});

describe('the deadline of a call whose caller', () => {
  const remaining = async (client: RawClient, headers: Readonly<Record<string, string>>, body = '{}') => {
    const { content } = await client.call(body, { ...at('look'), ...headers });
    return (content as { remainingMs: number }).remainingMs;
  };

  it('states none is that of the facade', async () => {
    const { client } = await startTarget();
    const ms = await remaining(client, {});
    expect(ms).toBeGreaterThan(30_000);
    expect(ms).toBeLessThanOrEqual(60_000);
  });

  it('states one in a header or an attachment is that', async () => {
    const { client } = await startTarget();
    expect(await remaining(client, { 'x-ptp-timeout': '25000' })).toBeLessThanOrEqual(25_000);
    const body = JSON.stringify({ attachments: { 'x-ptp-timeout': '20000' } });
    expect(await remaining(client, { 'x-ptp-timeout': '50000' }, body)).toBeLessThanOrEqual(20_000);
  });

  it('states nonsense is that of the facade', async () => {
    const { client } = await startTarget();
    for (const nonsense of ['soon', '-5', '0', 'NaN', '1e999']) {
      const ms = await remaining(client, { 'x-ptp-timeout': nonsense });
      expect(ms).toBeGreaterThan(30_000);
      expect(ms).toBeLessThanOrEqual(60_000);
    }
  });
});
