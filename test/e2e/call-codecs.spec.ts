import { decode, encode } from '@msgpack/msgpack';
import { MeshCode, MeshContext, MeshError, MeshFacade, MeshProvider, type MeshService, Mpi } from 'nestjs-mesh';
import {
  MeshExtension,
  MIDDLEWARE,
  type Middleware,
  type PassingNext,
  type PassingRequest,
  type PassingResponse,
} from 'nestjs-mesh/spi';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { formatUrn } from '../../lib/protocol/urn.js';
import { caught } from '../support/caught.js';
import { register, startNode } from '../support/gateway-fixtures.js';
import { http1Caller, http2Caller } from '../support/http-callers.js';
import { startApp, startConsumer, type TestApp } from '../support/mesh-app.js';
import { A, deadAddress, startStub } from '../support/nodes.js';
import { RawCaller } from '../support/raw-caller.js';
import { RawClient } from '../support/raw-client.js';
import { serviceOf } from '../support/registration-fixtures.js';
import { type Way, ways } from '../support/ways.js';

const GREET = 'mesh.hall.greet';

@MeshFacade()
class Hall {
  @Mpi(GREET, ['name', 'letter']) greet!: (name: string, letter: { text: string }) => Promise<Greeting>;
}

interface Greeting {
  readonly said: string;
  /** What the URN on the wire says of the codec: two digits. */
  readonly flagged: string;
}

@MeshProvider(Hall)
class HallController implements MeshService<Hall> {
  greet(name: string, { text }: { text: string }): Greeting {
    if (name === 'nobody') throw new MeshError(MeshCode.FORBIDDEN, `no greeting for <${text}>`);
    if (name === 'odd') throw new MeshError(MeshCode.FORBIDDEN, 'a character that XML does not have: \u0001');
    return { said: `${name}: ${text}`, flagged: flagOf(MeshContext.current()!.urn) };
  }
}

function flagOf(urn: string): string {
  return /\.\d\d\d\d(\d\d)\d{31}\./.exec(urn)![1]!;
}

const urnOf = (codec: string, name = GREET): string =>
  formatUrn({ name, nodeId: 'LX0000000000000', flag: { proto: '01', codec } });

const startHall = (codec?: string): Promise<TestApp> =>
  startApp({ controllers: [HallController], ...(codec && { options: { use: { codec } } }) });

/** A client that calls at an address by a codec. */
async function callerBy(codec: string, address: string, [, options]: Way): Promise<Hall> {
  const used = { ...options, use: { ...options.use, codec }, retry: { retries: 0 } };
  return (await startConsumer(address, { facades: [Hall], options: used })).client(Hall);
}

const overHttp: Way = ['over HTTP', { use: { transport: 'http' } }];

/** Calls, in the first round on a new connection, and is told of an error as it was thrown. */
async function expectServed(client: Hall, flagged: string): Promise<void> {
  for (let round = 0; round < 3; round++) {
    expect(await client.greet('ada', { text: `a & b ${round}` })).toEqual({ said: `ada: a & b ${round}`, flagged });
    expect(await caught(client.greet('nobody', { text: 'x' }))).toMatchObject({
      code: MeshCode.FORBIDDEN,
      message: 'no greeting for <x>',
    });
  }
}

describe.each([...ways, overHttp])('a provider of JSON %s', (name, options) => {
  const way: Way = [name, options];

  it.each([
    ['yaml', '04'],
    ['xml', '02'],
    ['json', '00'],
  ])('is called in %s, and answers so', async (codec, flagged) => {
    const { address } = await startHall();
    await expectServed(await callerBy(codec, address, way), flagged);
  });

  it('lets what middleware reads pass as well', async () => {
    const seen: string[] = [];

    @MeshExtension(MIDDLEWARE, 'reader')
    class Reader implements Middleware {
      handle(request: PassingRequest, next: PassingNext): Promise<PassingResponse> {
        seen.push(request.service);
        return next(request);
      }
    }
    const { address } = await startApp({ controllers: [HallController], providers: [Reader] });
    await expectServed(await callerBy('yaml', address, way), '04');
    expect(seen).toEqual(Array.from({ length: 6 }, () => GREET));
  });

  it('is called through a node, which hands on what it need not understand', async () => {
    const hall = await startHall();
    for (const proto of ['grpc', 'http']) {
      const node = await startNode(A);
      await register(node, hall.address, { services: [serviceOf({ urn: urnOf('00'), proto })] });
      await expectServed(await callerBy('yaml', node.address, way), '04');
      await expectServed(await callerBy('xml', node.address, way), '02');
    }
  });

  it('is told of by a node in the words of its caller', async () => {
    const node = await startNode(A);
    for (const codec of ['yaml', 'xml']) {
      const client = await callerBy(codec, node.address, way);
      expect((await caught(client.greet('ada', { text: '' }))).message).toBe(`nobody here provides '${GREET}'`);
    }
    await register(node, await deadAddress(), {}, [GREET]);
    const client = await callerBy('xml', node.address, way);
    expect(await caught(client.greet('ada', { text: '' }))).toMatchObject({
      code: MeshCode.NO_INSTANCE,
      message: expect.stringContaining('none takes the call') as string,
    });
  });
});

describe('a call over HTTP', () => {
  it('is in the codec that its content type says, whatever the flag', async () => {
    const { address } = await startHall();
    await expectServed(await callerBy('msgpack', address, overHttp), '00');
  });

  it('says the content type of its codec, and its number', async () => {
    for (const [codec, type, flagged] of [
      ['json', 'application/json', '00'],
      ['xml', 'application/xml', '02'],
      ['yaml', 'application/x-yaml', '04'],
      ['msgpack', 'application/x-msgpack', '00'],
    ] as const) {
      const body = codec === 'msgpack' ? encode({ code: MeshCode.SUCCESS, content: 'x' }) : Buffer.from('');
      const stub = await startStub(() => ({ contentType: type, body }));
      const client = await callerBy(codec, stub.address, overHttp);
      await client.greet('ada', { text: 'x' }).catch(() => undefined);
      const [call] = stub.seen;
      expect([call!.path, call!.contentType, flagOf(call!.headers['mesh-urn']!)]).toEqual([
        '/mesh/invoke',
        type,
        flagged,
      ]);
    }
  });

  it.each([
    ['HTTP/1.1', http1Caller],
    ['HTTP/2', http2Caller],
  ])('is answered by %s in its own codec, with its content type, errors too', async (_, callerOf) => {
    const post = callerOf((await startHall()).address);
    const call = { name: 'ada', letter: { text: 'x' } };
    const content = { said: 'ada: x', flagged: '00' };
    const inJson = {
      said: 'application/json',
      write: (value: unknown): string => JSON.stringify(value),
      read: (body: Buffer): unknown => JSON.parse(body.toString()),
    };
    const inYaml = {
      said: 'application/x-yaml',
      write: (value: unknown): string => stringify(value),
      read: (body: Buffer): unknown => parse(body.toString()),
    };
    const inMsgpack = {
      said: 'application/x-msgpack',
      write: (value: unknown): Uint8Array => encode(value),
      read: (body: Buffer): unknown => decode(body),
    };
    for (const [type, { said, write, read }] of [
      ['application/yaml; charset=utf-8', inYaml],
      ['application/x-msgpack', inMsgpack],
      ['application/json', inJson],
      ['text/plain', inJson],
    ] as const) {
      const headers = { 'mesh-urn': urnOf('00'), 'content-type': type };
      const answer = await post('/mesh/invoke', headers, write(call));
      expect([answer.status, answer.contentType]).toEqual([200, said]);
      expect(read(answer.body)).toMatchObject({ code: MeshCode.SUCCESS, content });
      for (const [urn, body, code] of [
        [urnOf('00'), write({ ...call, name: 'nobody' }), MeshCode.FORBIDDEN],
        [urnOf('00', 'mesh.no.body'), write(call), MeshCode.NO_SERVICE],
        ['nonsense', write(call), MeshCode.INVALID_REQUEST],
        [urnOf('00'), Buffer.from('{"cut": ['), MeshCode.ENCODING],
      ] as const) {
        const refusal = await post('/mesh/invoke', { ...headers, 'mesh-urn': urn }, body);
        expect([refusal.status, refusal.contentType]).toEqual([200, said]);
        expect(read(refusal.body)).toMatchObject({ code });
      }
    }
  });

  it('finds the URN in a body of its codec where no header says it, at a node as at a provider', async () => {
    const hall = await startHall();
    const node = await startNode(A);
    await register(node, hall.address, { services: [serviceOf({ urn: urnOf('00'), proto: 'http' })] });
    const body = stringify({ name: 'ada', letter: { text: 'x' }, attachments: { 'mesh-urn': urnOf('04') } });
    for (const { address } of [hall, node]) {
      const answer = await http1Caller(address)('/mesh/invoke', { 'content-type': 'application/yaml' }, body);
      expect(answer.contentType).toBe('application/x-yaml');
      expect(parse(answer.body.toString())).toMatchObject({ content: { said: 'ada: x', flagged: '04' } });
    }
  });
});

describe('an error that a codec cannot say', () => {
  it('is told of in that codec all the same', async () => {
    const { address } = await startHall();
    const headers = { 'mesh-urn': urnOf('00'), 'content-type': 'application/xml' };
    const body = '<message><name>odd</name><letter><text>x</text></letter></message>';
    const answer = await http1Caller(address)('/mesh/invoke', headers, body);
    expect(answer.contentType).toBe('application/xml');
    expect(answer.body.toString()).toContain(`<code>${MeshCode.ENCODING}</code>`);
  });
});

describe('a provider of YAML', () => {
  const body = JSON.stringify({ name: 'ada', letter: { text: 'x' }, attachments: {} });
  const served = { code: MeshCode.SUCCESS, content: { said: 'ada: x', flagged: '00' } };

  it('is called in JSON by callers whose flag names no codec, and answers in JSON', async () => {
    const { address } = await startHall('yaml');
    const client = new RawClient(address);
    const headers = { 'mesh-urn': urnOf('00') };
    expect(await client.call(body, headers)).toMatchObject(served);
    expect(await client.stream([body, body], headers)).toMatchObject([served, served]);
    const failing = body.replace('ada', 'nobody');
    expect(await client.call(failing, headers)).toMatchObject({ code: MeshCode.FORBIDDEN });
    expect(await client.call('{', headers)).toMatchObject({ code: MeshCode.ENCODING });
    expect(await client.call(body, { 'mesh-urn': urnOf('00', 'mesh.no.body') })).toMatchObject({
      code: MeshCode.NO_SERVICE,
    });
  });

  it('answers in YAML who names it, and who names nothing or what there is not', async () => {
    const { address } = await startHall('yaml');
    const caller = new RawCaller(address);
    for (const said of ['04', '03', '01']) {
      const answer = await caller.call({
        headers: { 'mesh-urn': urnOf(said) },
        body: 'name: ada\nletter:\n  text: x\n',
      });
      expect(answer.toString()).toMatch(/^code: /);
      expect(parse(answer.toString())).toMatchObject({ content: { said: 'ada: x', flagged: said } });
    }
    expect((await caller.call({ body: 'name: ada\n' })).toString()).toMatch(/^code: E0000000400/);
  });

  it.each(['application/x-www-form-urlencoded', 'application/octet-stream', 'application/json', ''])(
    'reads JSON that comes as "%s", and so does one of JSON',
    async (type) => {
      for (const { address } of [await startHall('yaml'), await startHall()]) {
        const headers = { 'mesh-urn': urnOf('00'), ...(type !== '' && { 'content-type': type }) };
        const answer = await http1Caller(address)('/mesh/invoke', headers, body);
        expect(answer.contentType).toBe('application/json');
        expect(JSON.parse(answer.body.toString())).toMatchObject(served);
      }
    },
  );
});

describe('a node between wires', () => {
  const yaml = 'name: ada\nletter: {text: x}\n';
  const headers = { 'mesh-urn': urnOf('04') };

  it('says over HTTP of a call over gRPC by which codec its flag says it is written', async () => {
    const node = await startNode(A);
    const stub = await startStub(() => ({ contentType: 'application/odd', body: Buffer.from('as it is') }));
    await register(node, stub.address, { services: [serviceOf({ urn: urnOf('00'), proto: 'http' })] }, [GREET]);
    const caller = new RawCaller(node.address);
    expect((await caller.call({ headers, body: yaml })).toString()).toBe('as it is');
    await caller.call({ headers: { 'mesh-urn': urnOf('00') }, body: '{}' });
    await http1Caller(node.address)('/mesh/invoke', { ...headers, 'content-type': 'application/odd' }, yaml);
    await http1Caller(node.address)('/mesh/invoke', headers, yaml);
    expect(stub.seen.map(({ contentType }) => contentType)).toEqual([
      'application/x-yaml',
      'application/json',
      'application/odd',
      'application/x-yaml',
    ]);
    expect(stub.seen.map(({ headers: came }) => flagOf(came['mesh-urn']!))).toEqual(['04', '00', '04', '04']);
    expect(stub.seen[0]!.body.toString()).toBe(yaml);
  });

  it('says so of an answer over gRPC to who calls over HTTP', async () => {
    const node = await startNode(A);
    const stub = await startStub(() => ({ body: Buffer.from('as it is') }));
    await register(node, stub.address, {}, [GREET]);
    for (const [said, type] of [
      ['04', 'application/x-yaml'],
      ['00', 'application/json'],
      ['03', 'application/json'],
    ] as const) {
      const answer = await http1Caller(node.address)('/mesh/invoke', { 'mesh-urn': urnOf(said) }, yaml);
      expect([answer.contentType, answer.body.toString()]).toEqual([type, 'as it is']);
    }
  });
});
