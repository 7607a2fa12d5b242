import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPython, type Python, PythonScript, skipWithoutPython } from '../support/python.js';
import { type ProviderApp, startProviderApp } from './nest-apps.js';

/** What `python/builtins.py` and `python/reflection_client.py` print for a case. */
interface Result {
  readonly case: string;
  /** Whether the SDK is of the generation that is built on asyncio. */
  readonly asyncio?: boolean;
  readonly value?: unknown;
  readonly code?: string;
}

async function resultsOf(python: Python, script: string, ...args: string[]): Promise<ReadonlyMap<string, Result>> {
  const running = PythonScript.start(python, script, args);
  try {
    return new Map((await running.results<Result>()).map((result) => [result.case, result]));
  } finally {
    await running.stop();
  }
}

const sdk = await findPython('imesh', 'mesh');

skipWithoutPython(sdk, 'the reference Python SDK has a Nest application as its node');

describe.each(sdk.found)('the reference Python SDK ($has) has a Nest application as its node', (python: Python) => {
  let provider: ProviderApp;
  let partner: ProviderApp;
  let results: ReadonlyMap<string, Result>;

  beforeAll(async () => {
    provider = await startProviderApp({ node: {}, listen: { host: '127.0.0.1', port: 0, side: 'inner' } });
    partner = await startProviderApp({
      nodeId: 'LX0000010000020',
      node: {},
      listen: { host: '127.0.0.1', port: 0, serves: ['builtins', 'weaving'] },
    });
    results = await resultsOf(python, 'builtins.py', provider.address, partner.address);
  });

  afterAll(async () => {
    await provider?.close();
    await partner?.close();
  });

  it('and comes up, and calls its services', () => {
    expect(results.get('a service of the application')).toMatchObject({ value: 's|1|1.5|True' });
  });

  it('and learns from it which node it is at', () => {
    const node = { node_id: 'LX0000010000280', inst_id: 'JG0000000000000000' };
    expect(results.get('environ')!.value).toMatchObject({ ...node, version: '1.0.0' });
    const { asyncio, value } = results.get('own node')!;
    // The blocking generation never asks: it takes itself to be at the node that everybody is at by default.
    expect(value).toMatchObject(asyncio ? node : { node_id: 'LX0000000000000' });
  });

  it('and reads version, doc and stats', () => {
    const infos = { 'vectors.version': '1.0.0', 'vectors.node_id': 'LX0000010000280' };
    expect(results.get('version')!.value).toMatchObject({ version: '1.0.0', infos });
    expect(JSON.parse(results.get('doc')!.value as string)).toMatchObject({ openapi: '3.1.0' });
    expect(results.get('stats')!.value).toMatchObject({ status: 'true', 'calls.failed': '0' });
  });

  it('and administers its partners', () => {
    const route = { node_id: 'LX0000010000020', inst_id: 'JG0100000200000000', address: partner.address };
    const of = (name: string): unknown => results.get(name)?.value;
    expect(of('accessible')).toBe(true);
    for (const name of ['refresh', 'resolve', 'disable', 'enable', 'weave', 'no edge']) {
      expect(results.get(name), name).toMatchObject({ value: null });
    }
    expect(of('edge')).toMatchObject({ ...route, status: 6 });
    expect(of('edges')).toMatchObject([route]);
    expect(of('domains')).toMatchObject([route]);
    expect(results.get('disabled')).toMatchObject({ code: 'E0000000606' });
    expect(results.get('ack')).toMatchObject({ value: null });
  });

  it('and sets the log level when it knows itself to be at the same node', () => {
    const { asyncio, code, value } = results.get('debug')!;
    expect(asyncio ? value : code).toBe(asyncio ? null : 'E0000000403');
  });
});

const tools = await findPython('grpcio-reflection', 'grpc_reflection.v1alpha.reflection_pb2');

skipWithoutPython(tools, "gRPC's own reflection client reads a Nest application");

describe.each(tools.found)('reflection as $has reads it', (python: Python) => {
  let provider: ProviderApp;
  let results: ReadonlyMap<string, Result>;

  beforeAll(async () => {
    provider = await startProviderApp();
    results = await resultsOf(python, 'reflection_client.py', provider.address);
  });

  afterAll(() => provider?.close());

  it('lists the services', () => {
    expect(results.get('services')!.value).toEqual([
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
      'org.ppc.ptp.PrivateTransferProtocol',
      'org.ppc.ptp.PrivateTransferTransport',
    ]);
  });

  it('describes their methods and messages', () => {
    const session = (request: string) => [request, 'TransportOutbound'];
    expect(results.get('org.ppc.ptp.PrivateTransferTransport')!.value).toEqual({
      peek: session('PeekInbound'),
      pop: session('PopInbound'),
      push: session('PushInbound'),
      release: session('ReleaseInbound'),
    });
    expect(results.get('org.ppc.ptp.PrivateTransferProtocol')!.value).toEqual({
      transport: ['Inbound', 'Outbound'],
      invoke: ['Inbound', 'Outbound'],
    });
    expect(results.get('PushInbound')!.value).toEqual({ topic: [1, 9], payload: [2, 12], metadata: [3, 11] });
  });

  it('knows nothing of what is not there', () => {
    expect(results.get('unknown')!.value).toBe('KeyError');
  });
});
