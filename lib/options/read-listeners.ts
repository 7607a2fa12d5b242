import * as check from './checks.js';
import type { Environment } from './environment.js';
import {
  SERVED_AREAS,
  type ResolvedListener,
  type ResolvedListenTls,
  type ResolvedMount,
  type ServedArea,
} from './listen-options.js';
import { readObject, type OptionReader } from './option-reader.js';
import { DEFAULT_NODE_PORT } from './parse-address.js';
import type { Problems } from './problems.js';

/** Port of a node's outer side. */
const OUTER_PORT = 7304;

/** Reads the option `listen`: one listener, several, or `false` for none. */
export function readListeners(
  given: unknown,
  environment: Environment,
  problems: Problems,
): readonly ResolvedListener[] {
  if (given === false) return [];
  if (Array.isArray(given)) return readSeveral(given, environment, problems);
  if (given === undefined || typeof given === 'object')
    return [readListener('listen', given, (port) => environment.port(port), problems)];
  problems.refuse('listen', 'an object, an array of objects, or false', given);
  return [];
}

/** Reads the option `mount`: `true` for what is usual, an object to say more. */
export function readMount(reader: OptionReader, problems: Problems): ResolvedMount | false {
  const given = reader.raw('mount');
  if (given === undefined || given === false) return false;
  return readObject('mount', given === true ? undefined : given, problems, (mount) => ({
    prefix: mount.take('prefix', pathPrefix, () => ''),
    ...readScope(mount),
  }));
}

/** Who is expected, and what is served. */
function readScope(reader: OptionReader): Pick<ResolvedListener, 'side' | 'serves'> {
  const side = reader.take('side', check.oneOf('inner', 'outer'), () => 'outer' as const);
  return { side, serves: reader.take('serves', check.listOf(served, 1), () => servedBy(side)) };
}

const pathPrefix = check.text(/^(?:\/[\w.~-]+)*$/, 'a path such as /mesh, without a slash at its end');

function readSeveral(
  given: readonly unknown[],
  environment: Environment,
  problems: Problems,
): readonly ResolvedListener[] {
  if (given.length === 0) problems.note('listen must name at least one listener, got none: false is for not listening');
  const listeners = given.map((one, index) => {
    const portOf = (port: number): number => (index === 0 ? environment.port(port) : port);
    return readListener(`listen[${index}]`, one ?? null, portOf, problems);
  });
  refuseTwins(listeners, problems);
  return listeners;
}

function readListener(
  option: string,
  given: unknown,
  portOf: (fallback: number) => number,
  problems: Problems,
): ResolvedListener {
  return readObject(option, given, problems, (listen) => {
    const transports = listen.takeOptional('transports', check.listOf(check.extensionName, 1));
    const scope = readScope(listen);
    const tls = readTls(option, listen, problems);
    return {
      option,
      port: listen.take('port', check.wholeNumber(0, 65_535), () =>
        portOf(scope.side === 'inner' ? DEFAULT_NODE_PORT : OUTER_PORT),
      ),
      host: listen.take('host', check.bindHost, () => '0.0.0.0'),
      handshakeTimeoutMs: listen.take('handshakeTimeoutMs', check.milliseconds(1), () => 10_000),
      requestTimeoutMs: listen.take('requestTimeoutMs', check.milliseconds(1), () => 300_000),
      idleTimeoutMs: listen.take('idleTimeoutMs', check.milliseconds(1), () => 900_000),
      ...scope,
      ...(transports && { transports }),
      ...(tls && { tls }),
    };
  });
}

function readTls(option: string, listen: OptionReader, problems: Problems): ResolvedListenTls | undefined {
  const given = listen.raw('tls');
  if (given === undefined) return undefined;
  return readObject(`${option}.tls`, given, problems, (tls) => {
    const needed = (key: 'key' | 'cert'): string => {
      const name = `${option}.tls.${key}`;
      const value = tls.raw(key);
      return (value === undefined ? problems.note(`${name} is missing`) : check.pem(value, name, problems)) ?? '';
    };
    const ca = tls.takeOptional('ca', check.pem);
    const clientCertificate = tls.take('clientCertificate', clientCertificates, () => 'none' as const);
    return {
      key: needed('key'),
      cert: needed('cert'),
      clientCertificate,
      plaintext: tls.take('plaintext', check.oneOf('serve', 'refuse'), () =>
        clientCertificate === 'require' ? 'refuse' : 'serve',
      ),
      ...(ca !== undefined && { ca }),
    };
  });
}

const clientCertificates = check.oneOf('none', 'request', 'require');

/** A pattern of names of services or of paths, or an area. The areas have the form of names, too. */
const served: check.Check<string> = (value, name, problems) => {
  const isPath = typeof value === 'string' && value.startsWith('/');
  return (isPath ? check.pathPattern : check.servicePattern)(value, name, problems);
};

/** What is served at the outer side only where it is asked for. */
const KEPT_INSIDE: readonly ServedArea[] = ['weaving', 'administration'];

function servedBy(side: 'inner' | 'outer'): readonly string[] {
  const areas = SERVED_AREAS.filter((area) => side === 'inner' || !KEPT_INSIDE.includes(area));
  return ['*', ...areas];
}

function refuseTwins(listeners: readonly ResolvedListener[], problems: Problems): void {
  for (const [index, { option, host, port }] of listeners.entries()) {
    const twin = listeners.slice(0, index).find((other) => other.port === port && other.host === host && port !== 0);
    if (twin) problems.note(`${option} and ${twin.option} listen both at ${host}:${port}`);
  }
}
