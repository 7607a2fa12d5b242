import * as check from './checks.js';
import { readDialTls } from './dial-options.js';
import { Environment } from './environment.js';
import type { MeshOptions, ResolvedMeshOptions, ResolvedStaticService } from './mesh-options.js';
import { isRecord, readObject, type OptionReader } from './option-reader.js';
import { Problems } from './problems.js';
import { readBuiltins } from './read-builtins.js';
import { readListeners, readMount } from './read-listeners.js';
import { readNode, readRegistry, refuseOpenAdministration } from './read-node.js';
import { readPartners } from './read-partners.js';

const MIB = 1_024 * 1_024;

/** Time for a first packet, and two more that are sent a second and three seconds later when it is lost, in ms. */
const CONNECT_TIMEOUT_MS = 5_000;

/** Room for what stands around a message: an envelope, metadata, a topic. */
const ENVELOPE_BYTES = 65_536;

/**
 * Fills the options in from the environment, then from the defaults, and validates them. What an option says is not looked
 * up in the environment.
 *
 * @param env the environment; default that of the process
 * @returns the complete options, frozen
 * @throws MeshError E0000000400 when anything is wrong: one sentence for each problem, naming the option or the variable
 */
export function resolveMeshOptions(options: MeshOptions, env: NodeJS.ProcessEnv = process.env): ResolvedMeshOptions {
  const problems = new Problems();
  const environment = new Environment(env, problems);
  const resolved = readObject('', options, problems, (reader) => readMesh(reader, environment, problems));
  refuseOpenAdministration(resolved, problems);
  problems.throwIfAny();
  return freezeAll(resolved);
}

function readMesh(reader: OptionReader, environment: Environment, problems: Problems): ResolvedMeshOptions {
  const limits = reader.section('limits', readLimits);
  const listeners = readListeners(reader.raw('listen'), environment, problems);
  const nodeId = reader.take('nodeId', check.partyId, () => 'LX0000000000000');
  const name = reader.take('name', check.applicationName, () => environment.name('unknown'));
  const addresses = unique(reader.take('addresses', check.listOf(check.address), () => environment.nodes()));
  return {
    name,
    version: reader.take('version', check.applicationVersion, () => environment.version(name, '1.0.0')),
    nodeId,
    instId: reader.take('instId', check.partyId, () => 'JG0000000000000000'),
    domain: reader.take('domain', check.urnDomain, () => 'trustbe.cn'),
    listen: listeners[0] ?? false,
    listeners,
    mount: readMount(reader, problems),
    addresses,
    services: reader.take('services', check.listOf(service), () => []),
    direct: environment.direct(),
    subset: reader.take('subset', check.subsetName, () => environment.subset()),
    timeoutMs: reader.take('timeoutMs', check.milliseconds(1), () => 10_000),
    drainTimeoutMs: reader.take('drainTimeoutMs', check.milliseconds(0), () => 10_000),
    use: reader.take('use', use, () => ({})),
    limits,
    retry: reader.section('retry', (retry) => readRetry(retry, problems)),
    grpc: reader.section('grpc', (grpc) => readGrpc(grpc, problems)),
    http: reader.section('http', (http) => readHttp(http, problems)),
    tcp: reader.section('tcp', (tcp) => readTcp(tcp, problems)),
    sessions: reader.section('sessions', (sessions) => readSessions(sessions, limits)),
    partners: readPartners(reader, { nodeId }, problems),
    builtins: readBuiltins(reader.raw('builtins'), problems),
    node: readNode(reader, environment, problems),
    registry: readRegistry(reader, addresses, environment, problems),
  };
}

const service: check.Check<ResolvedStaticService> = (value, name, problems) => {
  if (!isRecord(value)) return problems.refuse(name, 'an object', value);
  return readObject(name, value, problems, (reader) => {
    const transport = reader.takeOptional('transport', check.extensionName);
    return {
      service: reader.takeRequired('service', check.servicePattern) ?? '',
      addresses: unique(reader.takeRequired('addresses', check.listOf(check.address, 1)) ?? []),
      nodeId: reader.take('nodeId', check.partyId, () => ''),
      instId: reader.take('instId', check.partyId, () => ''),
      subset: reader.take('subset', check.subsetName, () => ''),
      ...(transport !== undefined && { transport }),
    };
  });
};

const use: check.Check<Readonly<Record<string, string>>> = (value, name, problems) => {
  if (!isRecord(value)) {
    return problems.refuse(name, 'an object from family names to names of implementations', value);
  }
  const chosen = Object.entries(value).filter(([, implementation]) => implementation !== undefined);
  return Object.fromEntries(
    chosen.map(([family, it]) => [family, check.extensionName(it, `${name}.${family}`, problems) ?? '']),
  );
};

function readLimits(reader: OptionReader): ResolvedMeshOptions['limits'] {
  const maxMessageBytes = reader.take('maxMessageBytes', check.wholeNumber(1, 2_147_483_647), () => 64 * MIB);
  return {
    maxMessageBytes,
    maxBodyBytes: Math.ceil((4 / 3) * maxMessageBytes) + ENVELOPE_BYTES,
    maxDepth: reader.take('maxDepth', check.wholeNumber(1, 1_000), () => 64),
  };
}

function readRetry(reader: OptionReader, problems: Problems): ResolvedMeshOptions['retry'] {
  const retry = {
    retries: reader.take('retries', check.wholeNumber(0, 100), () => 2),
    minDelayMs: reader.take('minDelayMs', check.milliseconds(0), () => 100),
    maxDelayMs: reader.take('maxDelayMs', check.milliseconds(0), () => 1_000),
  };
  refuseOrder('retry.minDelayMs', retry.minDelayMs, 'retry.maxDelayMs', retry.maxDelayMs, problems);
  return retry;
}

function readGrpc(reader: OptionReader, problems: Problems): ResolvedMeshOptions['grpc'] {
  const tls = readDialTls('grpc.tls', reader, problems);
  const grpc = {
    connections: reader.take('connections', check.wholeNumber(1, 256), () => 1),
    connectTimeoutMs: reader.take('connectTimeoutMs', check.milliseconds(1), () => CONNECT_TIMEOUT_MS),
    idleTimeoutMs: reader.take('idleTimeoutMs', check.milliseconds(1), () => 300_000),
    keepaliveTimeMs: reader.take('keepaliveTimeMs', check.milliseconds(1), () => 30_000),
    keepaliveTimeoutMs: reader.take('keepaliveTimeoutMs', check.milliseconds(1), () => 10_000),
    reconnectMinMs: reader.take('reconnectMinMs', check.milliseconds(1), () => 50),
    reconnectMaxMs: reader.take('reconnectMaxMs', check.milliseconds(1), () => 10_000),
    mode: reader.take('mode', check.oneOf('auto', 'unary', 'stream'), () => 'auto' as const),
    ...(tls && { tls }),
  };
  refuseOrder('grpc.reconnectMinMs', grpc.reconnectMinMs, 'grpc.reconnectMaxMs', grpc.reconnectMaxMs, problems);
  return grpc;
}

function readHttp(reader: OptionReader, problems: Problems): ResolvedMeshOptions['http'] {
  const tls = readDialTls('http.tls', reader, problems);
  return {
    version: reader.take('version', check.oneOf('1.1', '2'), () => '1.1' as const),
    connections: reader.take('connections', check.wholeNumber(1, 65_535), () => 256),
    connectTimeoutMs: reader.take('connectTimeoutMs', check.milliseconds(1), () => CONNECT_TIMEOUT_MS),
    ...(tls && { tls }),
  };
}

function readTcp(reader: OptionReader, problems: Problems): ResolvedMeshOptions['tcp'] {
  const tls = readDialTls('tcp.tls', reader, problems);
  const tcp = {
    connectTimeoutMs: reader.take('connectTimeoutMs', check.milliseconds(1), () => CONNECT_TIMEOUT_MS),
    keepaliveTimeMs: reader.take('keepaliveTimeMs', check.milliseconds(1), () => 30_000),
    keepaliveTimeoutMs: reader.take('keepaliveTimeoutMs', check.milliseconds(1), () => 10_000),
    reconnectMinMs: reader.take('reconnectMinMs', check.milliseconds(1), () => 50),
    reconnectMaxMs: reader.take('reconnectMaxMs', check.milliseconds(1), () => 10_000),
    retryMinMs: reader.take('retryMinMs', check.milliseconds(1), () => 60_000),
    retryMaxMs: reader.take('retryMaxMs', check.milliseconds(1), () => 1_800_000),
    ...(tls && { tls }),
  };
  refuseOrder('tcp.reconnectMinMs', tcp.reconnectMinMs, 'tcp.reconnectMaxMs', tcp.reconnectMaxMs, problems);
  refuseOrder('tcp.retryMinMs', tcp.retryMinMs, 'tcp.retryMaxMs', tcp.retryMaxMs, problems);
  return tcp;
}

/** A queue has room for two of the largest messages, and all queues together for two of the largest queues. */
function readSessions(reader: OptionReader, limits: ResolvedMeshOptions['limits']): ResolvedMeshOptions['sessions'] {
  const maxQueueBytes = reader.take('maxQueueBytes', check.wholeNumber(1, Number.MAX_SAFE_INTEGER), () =>
    Math.max(128 * MIB, 2 * limits.maxMessageBytes),
  );
  return {
    maxQueueMessages: reader.take('maxQueueMessages', check.wholeNumber(1, 10_000_000), () => 10_000),
    maxQueueBytes,
    maxMessages: reader.take('maxMessages', check.wholeNumber(1, 10_000_000), () => 200_000),
    maxBytes: reader.take('maxBytes', check.wholeNumber(1, Number.MAX_SAFE_INTEGER), () =>
      Math.max(256 * MIB, 2 * maxQueueBytes),
    ),
    maxSessions: reader.take('maxSessions', check.wholeNumber(1, 10_000_000), () => 100_000),
    whenFull: reader.take('whenFull', check.oneOf('fail', 'wait'), () => 'wait' as const),
    maxWaiting: reader.take('maxWaiting', check.wholeNumber(1, 10_000_000), () => 100_000),
    maxWaitingBytes: reader.take('maxWaitingBytes', check.wholeNumber(1, Number.MAX_SAFE_INTEGER), () => 64 * MIB),
    maxStreams: reader.take('maxStreams', check.wholeNumber(1, 1_000_000), () => 10_000),
    idleTimeoutMs: reader.take('idleTimeoutMs', check.milliseconds(1), () => 3_600_000),
    popTimeoutMs: reader.take('popTimeoutMs', check.milliseconds(1), () => 120_000),
    maxTopicBytes: reader.take('maxTopicBytes', check.wholeNumber(1, 65_536), () => 1_024),
    repeatWindowMs: reader.take('repeatWindowMs', check.milliseconds(0), () => 120_000),
    maxRememberedIds: reader.take('maxRememberedIds', check.wholeNumber(2, 10_000_000), () => 500_000),
    peek: reader.take('peek', check.oneOf('retain', 'consume'), () => 'retain' as const),
  };
}

function refuseOrder(minName: string, min: number, maxName: string, max: number, problems: Problems): void {
  if (min > max) problems.refuse(minName, `at most ${maxName} (${max})`, min);
}

function unique(addresses: readonly string[]): readonly string[] {
  return [...new Set(addresses)];
}

function freezeAll<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) freezeAll(inner);
  return Object.freeze(value);
}
