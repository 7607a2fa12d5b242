import * as check from './checks.js';
import type { Environment } from './environment.js';
import type { ResolvedMeshOptions } from './mesh-options.js';
import { DEFAULT_NODE_REGISTRY, type ResolvedNode, type ResolvedRegistry } from './node-options.js';
import { type OptionReader, readObject } from './option-reader.js';
import { type HostPort, parseAddress } from './parse-address.js';
import type { Problems } from './problems.js';

const LONGEST_LIFETIME_MS = 86_400_000;

/** Reads `node`; `undefined` for an application that is none. */
export function readNode(reader: OptionReader, environment: Environment, problems: Problems): ResolvedNode | undefined {
  const given = reader.raw('node');
  if (given === undefined) return undefined;
  return readObject('node', given, problems, (node) => ({
    registry: node.section('registry', readNodeRegistry),
    administration: node.section('administration', (administration) => ({
      token: administration.take('token', check.token, () => environment.adminToken()),
    })),
    routes: node.section('routes', (routes) => ({
      file: routes.take('file', check.routesFile, () => environment.routesFile()),
      watch: routes.take('watch', check.yesOrNo, () => true),
    })),
    dataDir: node.take('dataDir', check.path, () => environment.dataDir()),
  }));
}

/** Refuses to open administration to partners without a token. */
export function refuseOpenAdministration(
  { node, listeners, mount }: Pick<ResolvedMeshOptions, 'node' | 'listeners' | 'mount'>,
  problems: Problems,
): void {
  if (!node || node.administration.token !== '') return;
  const doors = [
    ...listeners.filter(({ side }) => side === 'outer'),
    ...(mount ? [{ ...mount, option: 'mount' }] : []),
  ];
  for (const { option } of doors.filter(({ serves }) => serves.includes('administration'))) {
    const where = option === 'mount' ? 'at the port of an HTTP application' : "at the 'outer' side";
    problems.note(
      `${option}.serves names 'administration' ${where}, which needs node.administration.token, or MESH_ADMIN_TOKEN`,
    );
  }
}

function readNodeRegistry(reader: OptionReader): ResolvedNode['registry'] {
  const { maxLifetimeMs, maxRegistrations, maxBytes } = DEFAULT_NODE_REGISTRY;
  return {
    maxLifetimeMs: reader.take('maxLifetimeMs', check.wholeNumber(1, LONGEST_LIFETIME_MS), () => maxLifetimeMs),
    maxRegistrations: reader.take('maxRegistrations', check.wholeNumber(1, 1_000_000), () => maxRegistrations),
    maxBytes: reader.take('maxBytes', check.wholeNumber(1, Number.MAX_SAFE_INTEGER), () => maxBytes),
  };
}

/**
 * Reads `registry`; `undefined` for an application that does not register, as long as `MESH_REGISTER` does not tell it to.
 *
 * @param nodes the option `addresses`
 */
export function readRegistry(
  reader: OptionReader,
  nodes: readonly string[],
  environment: Environment,
  problems: Problems,
): ResolvedRegistry | undefined {
  const given = reader.raw('registry');
  if (given === false || (given === undefined && !environment.registers())) return undefined;
  return readObject('registry', given, problems, (registry) => {
    const addresses = registry.take('address', addressOrAddresses, () => nodes);
    if (addresses.length === 0) {
      problems.note("registry.address is missing: name the node to register at, or one in 'addresses' or MESH_ADDRESS");
    }
    return {
      addresses: [...new Set(addresses)],
      lifetimeMs: registry.take('lifetimeMs', check.wholeNumber(100, LONGEST_LIFETIME_MS), () => 30_000),
      instanceId: registry.take('instanceId', instanceId, () => ''),
      advertise: registry.take('advertise', advertised, () => ({ host: environment.host(), port: 0 })),
    };
  });
}

const addressOrAddresses: check.Check<readonly string[]> = (value, name, problems) => {
  if (Array.isArray(value)) return check.listOf(check.address, 1)(value, name, problems);
  const one = check.address(value, name, problems);
  return one === undefined ? undefined : [one];
};

const instanceId = check.text(/^[\x21-\x7e]{1,256}$/, '1 to 256 printable ASCII characters');

const advertised: check.Check<HostPort> = (value, name, problems) =>
  (typeof value === 'string' && value !== '' ? parseAddress(value, 0) : undefined) ??
  problems.refuse(name, 'host:port, or a host, for instance 10.0.0.7:7304', value);
