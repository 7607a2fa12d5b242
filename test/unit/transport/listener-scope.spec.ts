import { describe, expect, it } from 'vitest';
import { Cancellation } from '../../../lib/context/cancellation.js';
import { ownAcceptor, scopedAcceptor } from '../../../lib/transport/listener-scope.js';
import type {
  Acceptor,
  CallHandler,
  Endpoint,
  InboundCall,
  InboundHead,
  StreamEndpoint,
} from '../../../lib/transport/transport.js';

const head: InboundCall = {
  path: '/p',
  query: '',
  headers: {},
  wire: 'grpc',
  method: 'POST',
  contentType: '',
  deadline: Infinity,
  cancellation: new Cancellation(),
  peer: 'h:1',
  body: new Uint8Array(),
};

const at =
  (path: string, endpoint: Endpoint): Acceptor =>
  (asked) =>
    asked === path ? endpoint : undefined;

const everything = ['*', 'sessions', 'nodes', 'builtins', 'weaving', 'administration'];

/** What is found at each path, and what the handler of RPC sees. */
function under(serves: readonly string[], side: 'inner' | 'outer' = 'outer') {
  const seen: InboundHead[] = [];
  const look: CallHandler = async (call) => (seen.push(call), call.body);
  const accept = scopedAcceptor(
    { serves, side },
    {
      services: at('/rpc', look),
      sessions: at('/sessions', { stream: async (stream) => void seen.push(stream), call: look }),
      nodes: at('/nodes', look),
      builtins: at('/stats', look),
      weaving: at('/weaving', look),
      administration: at('/administration', look),
      paths: (path) => (/^\/(?:ab?|else|rpc)(?:\/|$)/.test(path) ? handedOn : undefined),
    },
  );
  const paths = ['/rpc', '/sessions', '/nodes', '/stats', '/weaving', '/administration'].filter((path) => accept(path));
  return { accept, paths, seen };
}

async function admission(serves: readonly string[]): Promise<NonNullable<InboundHead['admits']>> {
  const { accept, seen } = under(serves);
  await (accept('/rpc') as CallHandler)({ ...head });
  const { admits } = seen[0]!;
  if (!admits) throw new Error('all is admitted');
  return admits;
}

/** What serves registered paths. */
const handedOn: Endpoint = { pass: () => Promise.reject(new Error('not called')) };

describe('what a listener serves', () => {
  it.each([
    [['*'], ['/rpc']],
    [['mesh.a.b'], ['/rpc']],
    [['sessions'], ['/sessions']],
    [
      ['nodes', 'sessions'],
      ['/sessions', '/nodes'],
    ],
    [['builtins'], ['/rpc', '/stats']],
    [['weaving'], ['/rpc', '/weaving']],
    [['administration'], ['/rpc', '/administration']],
    [everything, ['/rpc', '/sessions', '/nodes', '/stats', '/weaving', '/administration']],
  ])('has for %j the paths %j', (serves, paths) => {
    expect(under(serves).paths).toEqual(paths);
  });

  it.each([
    [['*'], ['/a', '/a/b', '/ab', '/else']],
    [['/*'], ['/a', '/a/b', '/ab', '/else']],
    [['/a/*'], ['/a', '/a/b']],
    [['/a'], ['/a']],
    [
      ['/a/b', '/else'],
      ['/a/b', '/else'],
    ],
    [['mesh.a.b', 'sessions'], []],
  ])('has for %j the registered paths %j', (serves, paths) => {
    const { accept } = under(serves);
    expect(['/a', '/a/b', '/ab', '/else'].filter((path) => accept(path))).toEqual(paths);
  });

  it('has its own before what is registered, and no RPC for paths alone', () => {
    expect(typeof under(['*']).accept('/rpc')).toBe('function');
    expect(typeof under(['/*']).accept('/rpc')).toBe('object');
  });

  it('admits services by name and by prefix', async () => {
    const admits = await admission(['mesh.a.b', 'mesh.c.*']);
    const services = ['mesh.a.b', 'mesh.a.bc', 'mesh.a', 'mesh.c.d', 'mesh.c.d.e', 'mesh.c', 'mesh.cd.e', 'mesh.c.*'];
    expect(services.filter((service) => admits(service))).toEqual(['mesh.a.b', 'mesh.c.d', 'mesh.c.d.e', 'mesh.c.*']);
  });

  it('admits services of an area where the area is served, whatever their names', async () => {
    const some = await admission(['*', 'builtins']);
    expect([some('mesh.x.y'), some('mesh.x.y', 'builtins'), some('mesh.x.y', 'administration')]).toEqual([
      true,
      true,
      false,
    ]);
    const none = await admission(['builtins']);
    expect([none('mesh.x.y'), none('mesh.x.y', 'builtins')]).toEqual([false, true]);
  });

  it('asks nothing where everything is served', async () => {
    const { accept, seen } = under(everything, 'inner');
    await (accept('/rpc') as CallHandler)({ ...head });
    expect(seen[0]?.admits).toBeUndefined();
  });

  it('admits operators to what weaves, but not those who weave to administration', async () => {
    const operators = await admission(['administration']);
    expect([operators('mesh.net.weave', 'weaving'), operators('mesh.net.edges', 'administration')]).toEqual([
      true,
      true,
    ]);
    const nodes = await admission(['weaving']);
    expect([nodes('mesh.net.weave', 'weaving'), nodes('mesh.net.edges', 'administration')]).toEqual([true, false]);
  });

  it('tells that this very process calls', async () => {
    const seen: InboundHead[] = [];
    const look: CallHandler = async (call) => (seen.push(call), call.body);
    await (ownAcceptor(at('/rpc', look))('/rpc') as CallHandler)({ ...head });
    expect(seen[0]).toMatchObject({ scope: { side: 'self' }, admits: undefined });
    expect(seen[0]!.scope!.areas).toContain('administration');
  });

  it.each(['inner', 'outer'] as const)('tells whoever serves a call that it came in at the %s side', async (side) => {
    const { accept, seen } = under(['sessions', 'weaving'], side);
    await (accept('/rpc') as CallHandler)({ ...head });
    expect(seen[0]?.scope).toEqual({ side, areas: new Set(['sessions', 'weaving']) });
  });

  it('tells streams and single calls at the same path', async () => {
    const { accept, seen } = under(['sessions']);
    const endpoint = accept('/sessions')!;
    if (typeof endpoint === 'function' || 'pass' in endpoint) throw new Error('a stream is served there');
    await endpoint.call?.({ ...head });
    await endpoint.stream({ ...head } as never);
    expect(seen.map(({ admits }) => admits?.('mesh.a.b'))).toEqual([false, false]);
  });

  it('finds the same again at the same path, with its way to refuse', () => {
    const refuse = () => new Uint8Array([1]);
    const look: CallHandler = Object.assign(async () => new Uint8Array(), { refuse });
    const found = scopedAcceptor(
      { serves: ['sessions'], side: 'outer' },
      {
        services: () => undefined,
        sessions: (path) => (path === '/call' ? look : { stream: async () => undefined, call: look }),
      },
    );
    const call = found('/call') as CallHandler;
    expect(found('/call')).toBe(call);
    expect(call.refuse).toBe(refuse);
    const stream = found('/stream') as StreamEndpoint;
    expect(stream.call?.refuse).toBe(refuse);
  });

  it('lets who serves at once tell at once, of calls that know where they came in', () => {
    const seen: InboundHead[] = [];
    const answer = new Uint8Array([2]);
    const tell: CallHandler['tell'] = (call, told) => (seen.push(call), told(answer));
    const look: CallHandler = Object.assign(async () => answer, { tell });
    const found = scopedAcceptor({ serves: ['*'], side: 'outer' }, { services: () => look, sessions: () => undefined });
    const told: unknown[] = [];
    (found('/rpc') as CallHandler).tell?.({ ...head }, (said) => told.push(said));
    expect(told).toEqual([answer]);
    expect(seen[0]?.scope).toMatchObject({ side: 'outer' });
  });
});
