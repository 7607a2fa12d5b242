import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import type { MeshOptions } from '../../../lib/options/mesh-options.js';
import type { RegistryOptions } from '../../../lib/options/node-options.js';
import { resolveMeshOptions } from '../../../lib/options/resolve-options.js';

/** What a user without a compiler may hand in. */
function resolveUnchecked(options: unknown, env: NodeJS.ProcessEnv = {}): unknown {
  return resolveMeshOptions(options as MeshOptions, env);
}

function refusal(options: unknown, env: NodeJS.ProcessEnv = {}): MeshError {
  try {
    resolveUnchecked(options, env);
  } catch (error) {
    if (error instanceof MeshError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** The listener of a mesh of which nothing is said. */
const OUTER = {
  option: 'listen',
  port: 7304,
  host: '0.0.0.0',
  handshakeTimeoutMs: 10_000,
  requestTimeoutMs: 300_000,
  idleTimeoutMs: 900_000,
  side: 'outer',
  serves: ['*', 'sessions', 'nodes', 'builtins'],
};

describe('resolveMeshOptions', () => {
  it('fills everything in by default', () => {
    expect(resolveMeshOptions({}, {})).toEqual({
      name: 'unknown',
      version: '1.0.0',
      nodeId: 'LX0000000000000',
      instId: 'JG0000000000000000',
      domain: 'trustbe.cn',
      listen: OUTER,
      listeners: [OUTER],
      mount: false,
      addresses: [],
      services: [],
      direct: [],
      subset: '',
      timeoutMs: 10_000,
      drainTimeoutMs: 10_000,
      use: {},
      limits: { maxMessageBytes: 67_108_864, maxBodyBytes: 89_544_022, maxDepth: 64 },
      retry: { retries: 2, minDelayMs: 100, maxDelayMs: 1_000 },
      grpc: {
        connections: 1,
        connectTimeoutMs: 5_000,
        idleTimeoutMs: 300_000,
        keepaliveTimeMs: 30_000,
        keepaliveTimeoutMs: 10_000,
        reconnectMinMs: 50,
        reconnectMaxMs: 10_000,
        mode: 'auto',
      },
      http: { version: '1.1', connections: 256, connectTimeoutMs: 5_000 },
      tcp: {
        connectTimeoutMs: 5_000,
        keepaliveTimeMs: 30_000,
        keepaliveTimeoutMs: 10_000,
        reconnectMinMs: 50,
        reconnectMaxMs: 10_000,
        retryMinMs: 60_000,
        retryMaxMs: 1_800_000,
      },
      sessions: {
        maxQueueMessages: 10_000,
        maxQueueBytes: 134_217_728,
        maxMessages: 200_000,
        maxBytes: 268_435_456,
        maxSessions: 100_000,
        whenFull: 'wait',
        maxWaiting: 100_000,
        maxWaitingBytes: 67_108_864,
        idleTimeoutMs: 3_600_000,
        popTimeoutMs: 120_000,
        maxTopicBytes: 1_024,
        repeatWindowMs: 120_000,
        maxRememberedIds: 500_000,
        maxStreams: 10_000,
        peek: 'retain',
      },
      partners: [],
      builtins: {
        doc: true,
        version: true,
        stats: true,
        debug: 'node',
        environ: true,
        health: true,
        reflection: true,
      },
    });
  });

  it('takes every option as it was given', () => {
    const options: Required<MeshOptions> = {
      name: 'trust',
      version: '1.2.3',
      nodeId: 'LX0000010000280',
      instId: 'JG0100002800000000',
      domain: 'example.org',
      listen: {
        port: 0,
        host: '::1',
        transports: ['grpc', 'memory'],
        handshakeTimeoutMs: 8,
        requestTimeoutMs: 9,
        idleTimeoutMs: 10,
        tls: { key: 'key.pem', cert: 'cert.pem', ca: 'ca.pem', clientCertificate: 'request', plaintext: 'refuse' },
        side: 'inner',
        serves: ['mesh.trust.*', 'sessions'],
      },
      mount: { prefix: '/mesh', side: 'inner', serves: ['nodes'] },
      addresses: ['10.0.0.1', 'node.example:7304'],
      services: [
        {
          service: 'mesh.trust.*',
          addresses: ['127.0.0.1:7304'],
          nodeId: 'LX1',
          instId: 'JG1',
          subset: 'gray',
          transport: 'memory',
        },
      ],
      subset: 'blue',
      timeoutMs: 1,
      drainTimeoutMs: 0,
      use: { codec: 'json', balancer: 'first' },
      limits: { maxMessageBytes: 1_024, maxDepth: 3 },
      retry: { retries: 0, minDelayMs: 1, maxDelayMs: 2 },
      grpc: {
        connections: 2,
        connectTimeoutMs: 8,
        idleTimeoutMs: 3,
        keepaliveTimeMs: 4,
        keepaliveTimeoutMs: 5,
        reconnectMinMs: 6,
        reconnectMaxMs: 7,
        mode: 'stream',
        tls: { ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem', serverName: 'node.example' },
      },
      http: { version: '2', connections: 3, connectTimeoutMs: 4, tls: {} },
      tcp: {
        connectTimeoutMs: 5,
        keepaliveTimeMs: 1,
        keepaliveTimeoutMs: 2,
        reconnectMinMs: 3,
        reconnectMaxMs: 4,
        retryMinMs: 5,
        retryMaxMs: 6,
        tls: {},
      },
      sessions: {
        maxQueueMessages: 1,
        maxQueueBytes: 2,
        maxMessages: 3,
        maxBytes: 4,
        maxSessions: 5,
        whenFull: 'fail',
        maxWaiting: 6,
        maxWaitingBytes: 7,
        idleTimeoutMs: 8,
        popTimeoutMs: 9,
        maxTopicBytes: 10,
        repeatWindowMs: 0,
        maxRememberedIds: 12,
        maxStreams: 13,
        peek: 'consume',
      },
      partners: [
        {
          nodeId: 'LX2',
          instId: 'JG2',
          address: ['127.0.0.1:7304'],
          transport: 'http',
          mode: 'wrapped',
          dialect: 'mesh',
          contentType: 'application/json',
          timeoutMs: 13,
          via: 'invoke',
        },
      ],
      builtins: {
        doc: false,
        version: false,
        stats: false,
        debug: 'anyone',
        environ: false,
        health: false,
        reflection: false,
      },
      node: {
        registry: { maxLifetimeMs: 14, maxRegistrations: 15, maxBytes: 16 },
        administration: { token: 'a-token-of-enough' },
        routes: { file: 'routes.yaml', watch: false },
        dataDir: 'data',
      },
      registry: {
        address: ['127.0.0.1:570', 'node.example'],
        lifetimeMs: 170,
        instanceId: 'one',
        advertise: '10.0.0.7',
      },
    };
    const { address: _, ...registry } = options.registry as RegistryOptions;
    const partners = options.partners.map(({ address: addresses, ...partner }) => ({ ...partner, addresses }));
    const listener = { ...options.listen, option: 'listen' };
    expect(resolveMeshOptions(options, {})).toEqual({
      ...options,
      listen: listener,
      listeners: [listener],
      partners,
      addresses: ['10.0.0.1:570', 'node.example:7304'],
      direct: [],
      limits: { ...options.limits, maxBodyBytes: 66_902 },
      registry: {
        ...registry,
        addresses: ['127.0.0.1:570', 'node.example:570'],
        advertise: { host: '10.0.0.7', port: 0 },
      },
    });
  });

  it('makes room for two of the largest messages in a queue, and for two of the largest queues', () => {
    const MIB = 1_024 * 1_024;
    const bounds = (options: MeshOptions) => {
      const { maxQueueBytes, maxBytes } = resolveMeshOptions(options, {}).sessions;
      return [maxQueueBytes / MIB, maxBytes / MIB];
    };
    expect(bounds({ limits: { maxMessageBytes: MIB } })).toEqual([128, 256]);
    expect(bounds({ limits: { maxMessageBytes: 100 * MIB } })).toEqual([200, 400]);
    expect(bounds({ sessions: { maxQueueBytes: 16 * MIB } })).toEqual([16, 256]);
    expect(bounds({ sessions: { maxBytes: 16 * MIB } })).toEqual([128, 16]);
  });

  it('takes what is absent from the environment', () => {
    const resolved = resolveMeshOptions(
      {},
      {
        MESH_NAME: 'trust',
        MESH_ADDRESS: '10.0.0.1, 10.0.0.2:7304,,[fd00::1]',
        MESH_RUNTIME: '10.1.2.3:8570',
        MESH_DIRECT: 'mesh.trust@lx1=a:1,omega.=b',
        MESH_SUBSET: 'gray',
      },
    );
    expect(resolved).toMatchObject({
      name: 'trust',
      addresses: ['10.0.0.1:570', '10.0.0.2:7304', '[fd00::1]:570'],
      listen: { port: 8570, host: '0.0.0.0' },
      direct: [
        { kind: 'exact', service: 'mesh.trust', nodeId: 'lx1', address: 'a:1' },
        { kind: 'prefix', prefix: 'omega.', address: 'b:570' },
      ],
      subset: 'gray',
    });
  });

  it('registers at its nodes when MESH_REGISTER says so, as what MESH_RUNTIME calls it', () => {
    const env = { MESH_REGISTER: '1', MESH_ADDRESS: '10.0.0.1,10.0.0.2', MESH_RUNTIME: '10.1.2.3:8570' };
    expect(resolveMeshOptions({}, env).registry).toMatchObject({
      addresses: ['10.0.0.1:570', '10.0.0.2:570'],
      lifetimeMs: 30_000,
      advertise: { host: '10.1.2.3', port: 0 },
    });
    expect(resolveMeshOptions({ registry: { address: 'h:1' } }, env).registry?.addresses).toEqual(['h:1']);
    expect(resolveMeshOptions({ registry: false }, env).registry).toBeUndefined();
    expect(resolveMeshOptions({}, { ...env, MESH_REGISTER: '0' }).registry).toBeUndefined();
    expect(() => resolveMeshOptions({}, { MESH_REGISTER: '1' })).toThrow(/registry\.address is missing/);
    expect(() => resolveMeshOptions({}, { MESH_REGISTER: 'yes' })).toThrow(/MESH_REGISTER must be 1 or 0, got 'yes'/);
  });

  it('lets options win over the environment, even over a wrong one', () => {
    const env = { MESH_NAME: 'a b', MESH_ADDRESS: '::', MESH_RUNTIME: 'here', MESH_SUBSET: 'é' };
    const resolved = resolveMeshOptions({ name: 'mine', addresses: [], listen: { port: 1 }, subset: '' }, env);
    expect(resolved).toMatchObject({ name: 'mine', addresses: [], listen: { port: 1 }, subset: '' });
  });

  it('treats empty variables and undefined options as absent', () => {
    const resolved = resolveUnchecked({ name: undefined, frobnicate: undefined }, { MESH_NAME: ' ', MESH_ADDRESS: '' });
    expect(resolved).toMatchObject({ name: 'unknown', addresses: [] });
  });

  it('never listens when listen is false', () => {
    const resolved = resolveMeshOptions({ listen: false }, { MESH_RUNTIME: 'nonsense' });
    expect([resolved.listen, resolved.listeners]).toEqual([false, []]);
  });

  it('takes several listeners, each with what goes with its side', () => {
    const listen = [{ side: 'inner' }, { side: 'outer' }, { port: 0 }, { port: 0 }] as const;
    const { listeners } = resolveMeshOptions({ listen }, {});
    const everything = ['*', 'sessions', 'nodes', 'builtins', 'weaving', 'administration'];
    expect(listeners.map(({ option, port, serves }) => [option, port, serves])).toEqual([
      ['listen[0]', 570, everything],
      ['listen[1]', 7304, everything.slice(0, 4)],
      ['listen[2]', 0, everything.slice(0, 4)],
      ['listen[3]', 0, everything.slice(0, 4)],
    ]);
    const ports = resolveMeshOptions({ listen: [{}, {}] }, { MESH_RUNTIME: 'here:8570' }).listeners;
    expect(ports.map(({ port }) => port)).toEqual([8570, 7304]);
  });

  it('mounts by a word, or with more about it', () => {
    const outer = ['*', 'sessions', 'nodes', 'builtins'];
    expect(resolveMeshOptions({ mount: true }, {}).mount).toEqual({ prefix: '', side: 'outer', serves: outer });
    expect(resolveMeshOptions({ mount: { prefix: '/a/b', side: 'inner' } }, {}).mount).toEqual({
      prefix: '/a/b',
      side: 'inner',
      serves: [...outer, 'weaving', 'administration'],
    });
  });

  it('serves no plaintext by default where certificates are required', () => {
    const plaintextOf = (clientCertificate: 'none' | 'request' | 'require') =>
      resolveMeshOptions({ listen: { tls: { key: 'k', cert: 'c', clientCertificate } } }, {}).listeners[0]?.tls
        ?.plaintext;
    expect(['none', 'request', 'require'].map((word) => plaintextOf(word as 'none'))).toEqual([
      'serve',
      'serve',
      'refuse',
    ]);
  });

  it('does not quote keys', () => {
    const key = `-----BEGIN PRIVATE KEY-----\n${'\0'}secret`;
    const error = refusal({ listen: { tls: { key, cert: 'c' } } });
    expect(error.message).toBe('listen.tls.key must be PEM text or the path of a file that holds it');
  });

  it('names each address once', () => {
    const services = [{ service: 'a', addresses: ['h', 'h:570'] }];
    const resolved = resolveMeshOptions({ services }, { MESH_ADDRESS: 'n,n:570' });
    expect(resolved.addresses).toEqual(['n:570']);
    expect(resolved.services[0]?.addresses).toEqual(['h:570']);
  });

  it('says what a node is, by the environment where the options do not', () => {
    const { registry } = resolveMeshOptions({ node: {} }, {}).node ?? {};
    expect(resolveMeshOptions({ node: {} }, {}).node).toEqual({
      registry,
      administration: { token: '' },
      routes: { file: '', watch: true },
      dataDir: '',
    });
    const env = { MESH_ADMIN_TOKEN: 'sixteen-or-more-', MESH_ROUTES_FILE: ' r.json ', MESH_DATA_DIR: '/data' };
    expect(resolveMeshOptions({ node: {} }, env).node).toEqual({
      registry,
      administration: { token: 'sixteen-or-more-' },
      routes: { file: 'r.json', watch: true },
      dataDir: '/data',
    });
    expect(resolveMeshOptions({ node: { dataDir: 'd' } }, env).node?.dataDir).toBe('d');
    expect(resolveMeshOptions({}, { ...env, MESH_ADMIN_TOKEN: 'short' }).node).toBeUndefined();
  });

  it('opens administration to partners with a token only', () => {
    const token = 'sixteen-or-more-';
    const open: MeshOptions = {
      listen: [
        { port: 1, serves: ['administration'] },
        { port: 2, serves: ['*', 'administration'] },
        { side: 'inner' },
      ],
      mount: { side: 'inner' },
      node: {},
    };
    expect(refusal(open).details).toEqual([
      "listen[0].serves names 'administration' at the 'outer' side, which needs node.administration.token, or MESH_ADMIN_TOKEN",
      "listen[1].serves names 'administration' at the 'outer' side, which needs node.administration.token, or MESH_ADMIN_TOKEN",
      "mount.serves names 'administration' at the port of an HTTP application, which needs node.administration.token, or MESH_ADMIN_TOKEN",
    ]);
    expect(resolveMeshOptions({ ...open, node: { administration: { token } } }, {}).node).toBeDefined();
    expect(resolveMeshOptions(open, { MESH_ADMIN_TOKEN: token }).node).toBeDefined();
    expect(resolveMeshOptions({ ...open, listen: { side: 'inner' }, mount: true }, {}).node).toBeDefined();
  });

  it.each([
    'short',
    'fifteen-charact',
    'with a blank in it',
    'x'.repeat(1_025),
    'täken-with-umlaut',
    1_234_567_890_123_456,
  ])('does not take the token %s, and does not quote it', (token) => {
    const error = refusal({ node: { administration: { token: token as string } } });
    expect(error.message).toBe(
      'node.administration.token must be 16 to 1024 printable ASCII characters without blanks',
    );
  });

  it('is frozen through and through', () => {
    const resolved = resolveMeshOptions({ services: [{ service: 'a', addresses: ['h'] }] }, {});
    for (const part of [resolved, resolved.listen, resolved.services, resolved.services[0], resolved.grpc]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it('leaves the object it was given alone', () => {
    const options: MeshOptions = { addresses: ['h'], use: { codec: 'json' } };
    resolveMeshOptions(options, {});
    expect(Object.isFrozen(options.addresses)).toBe(false);
    expect(Object.isFrozen(options.use)).toBe(false);
    expect(options).toEqual({ addresses: ['h'], use: { codec: 'json' } });
  });

  it.each<[string, unknown]>([
    ["listen.port must be a whole number from 0 to 65535, got 'abc'", { listen: { port: 'abc' } }],
    ['listen.port must be a whole number from 0 to 65535, got 65536', { listen: { port: 65_536 } }],
    ['listen.port must be a whole number from 0 to 65535, got 1.5', { listen: { port: 1.5 } }],
    ["listen.host must be a host name or an IP address, got 'a b'", { listen: { host: 'a b' } }],
    ['listen.transports must name at least one, got none', { listen: { transports: [] } }],
    ['listen must be an object, an array of objects, or false, got true', { listen: true }],
    ['listen must name at least one listener, got none: false is for not listening', { listen: [] }],
    ['listen[1] must be an object, got null', { listen: [{ port: 1 }, null] }],
    ["listen[1].port must be a whole number from 0 to 65535, got 'abc'", { listen: [{ port: 1 }, { port: 'abc' }] }],
    ['listen[1] and listen[0] listen both at 0.0.0.0:7304', { listen: [{}, { port: 7304 }] }],
    ["listen.side must be 'inner' or 'outer', got 'left'", { listen: { side: 'left' } }],
    ['listen.serves must name at least one, got none', { listen: { serves: [] } }],
    [
      "listen.serves[1] must be a path such as /reports/daily, or /reports/* for all below it, got '/a/../b'",
      { listen: { serves: ['/a/*', '/a/../b'] } },
    ],
    [
      "mount.prefix must be a path such as /mesh, without a slash at its end, got 'mesh/'",
      { mount: { prefix: 'mesh/' } },
    ],
    ["mount must be an object, got 'yes'", { mount: 'yes' }],
    ['grpc.tls.cert and grpc.tls.key go together', { grpc: { tls: { key: 'k' } } }],
    [
      'tcp.reconnectMinMs must be at most tcp.reconnectMaxMs (1), got 2',
      { tcp: { reconnectMinMs: 2, reconnectMaxMs: 1 } },
    ],
    ['tcp.retryMinMs must be at most tcp.retryMaxMs (50), got 60000', { tcp: { retryMaxMs: 50 } }],
    ['http.tls.ca must be PEM text or the path of a file that holds it', { http: { tls: { ca: '' } } }],
    ['listen.tls.key is missing', { listen: { tls: { cert: 'cert.pem' } } }],
    [
      'listen.tls.cert must be PEM text or the path of a file that holds it',
      { listen: { tls: { key: 'k', cert: 7 } } },
    ],
    ["name must be 1 to 128 letters, digits, '.', '_' or '-', got 'a b'", { name: 'a b' }],
    ["nodeId must be 1 to 64 letters, digits, '_' or '-', got 'a.b'", { nodeId: 'a.b' }],
    ["domain must be a domain of two labels such as trustbe.cn, got 'a.b.c'", { domain: 'a.b.c' }],
    ["subset must be at most 256 printable ASCII characters, got 'é'", { subset: 'é' }],
    ["addresses must be an array, got 'a,b'", { addresses: 'a,b' }],
    [
      "addresses[1] must be host:port, for instance 10.0.0.7:7304 or [fd00::7]:7304, got 'b:0'",
      { addresses: ['a', 'b:0'] },
    ],
    [
      "services[0].service must be a service name such as mesh.trust.apply, or a prefix such as mesh.trust.*, got 'a.*.b'",
      { services: [{ service: 'a.*.b', addresses: ['h'] }] },
    ],
    ['services[0].service is missing', { services: [{ addresses: ['h'] }] }],
    ['services[0].addresses is missing', { services: [{ service: 'a' }] }],
    ['services[0].addresses must name at least one, got none', { services: [{ service: 'a', addresses: [] }] }],
    ['services[0] must be an object, got null', { services: [null] }],
    ['timeoutMs must be a whole number from 1 to 2147483647, got 0', { timeoutMs: 0 }],
    ['drainTimeoutMs must be a whole number from 0 to 2147483647, got NaN', { drainTimeoutMs: NaN }],
    ['use must be an object from family names to names of implementations, got an array', { use: ['json'] }],
    ['use.codec must be the name of an extension, got 7', { use: { codec: 7 } }],
    ['limits must be an object, got 5', { limits: 5 }],
    ['limits.maxDepth must be a whole number from 1 to 1000, got 0', { limits: { maxDepth: 0 } }],
    ['retry.minDelayMs must be at most retry.maxDelayMs (1000), got 5000', { retry: { minDelayMs: 5_000 } }],
    ['grpc.reconnectMinMs must be at most grpc.reconnectMaxMs (20), got 50', { grpc: { reconnectMaxMs: 20 } }],
    ["grpc.mode must be 'auto' or 'unary' or 'stream', got 'both'", { grpc: { mode: 'both' } }],
    ['the options must be an object, got null', null],
    [
      "unknown option 'listen.prot' (did you mean 'port'?); known: handshakeTimeoutMs, host, idleTimeoutMs, port, requestTimeoutMs, serves, side, tls, transports",
      { listen: { prot: 1 } },
    ],
    [
      "unknown option 'services[0].adresses' (did you mean 'addresses'?); known: addresses, instId, nodeId, service, subset, transport",
      { services: [{ service: 'a', addresses: ['h'], adresses: [] }] },
    ],
  ])('says: %s', (sentence, options) => {
    const error = refusal(options);
    expect(error.message).toBe(sentence);
    expect(error.code).toBe('E0000000400');
    expect(error.details).toEqual([sentence]);
  });

  it('lists the known options when one is unknown, without a guess when nothing is near', () => {
    const { message } = refusal({ frobnicate: 1 });
    expect(message).toMatch(/^unknown option 'frobnicate'; known: addresses, builtins, domain, drainTimeoutMs, /);
  });

  it('says all that is wrong at once', () => {
    const error = refusal({ listen: { port: -1 }, timeoutMs: 'soon' }, { MESH_DIRECT: 'x' });
    expect(error.details).toHaveLength(3);
    expect(error.message).toBe(`3 options are wrong: ${error.details.join('; ')}`);
  });

  it.each<[string, NodeJS.ProcessEnv]>([
    ["MESH_NAME must be 1 to 128 letters, digits, '.', '_' or '-', got 'a b'", { MESH_NAME: 'a b' }],
    [
      "MESH_ADDRESS must be host:port, for instance 10.0.0.7:7304 or [fd00::7]:7304, got '::1'",
      { MESH_ADDRESS: '::1' },
    ],
    [
      "each address of MESH_ADDRESS must be host:port, for instance 10.0.0.7:7304 or [fd00::7]:7304, got 'b:x'",
      { MESH_ADDRESS: 'a,b:x' },
    ],
    ["MESH_RUNTIME must be this application's own host:port, got 'here'", { MESH_RUNTIME: 'here' }],
    [
      "each entry of MESH_DIRECT must be prefix=host:port or name@node=host:port, got 'mesh.trust'",
      { MESH_DIRECT: 'mesh.trust' },
    ],
    ["MESH_SUBSET must be at most 256 printable ASCII characters, got 'é'", { MESH_SUBSET: 'é' }],
  ])('names the variable: %s', (sentence, env) => {
    expect(refusal({}, env).message).toBe(sentence);
  });

  it('quotes at most the beginning of a long value, on one line', () => {
    const { message } = refusal({ name: `a\n${'b'.repeat(1_000)}` });
    expect(message.length).toBeLessThan(200);
    expect(message).not.toContain('\n');
  });
});
