/** What a text says, or what it had to be. */
export type Read = { readonly value: unknown } | { readonly expected: string };

/** A flag that says one option. `MESH_` and its name in capitals is the variable that says the same. */
export interface Flag {
  readonly name: string;
  /** What stands for its value in the help. */
  readonly value: string;
  /** The option that it says. */
  readonly path: readonly string[];
  /** Given several times, or once with several values between these, in its variable; absent: once. */
  readonly between?: string;
  readonly help: string;
  readonly read: (text: string) => Read;
}

const text = (said: string): Read => ({ value: said });

/** What is no number stays a text, for the check of the options to refuse with the number that it expects. */
const number = (said: string): Read => ({ value: /^-?\d{1,15}$/.test(said.trim()) ? Number(said) : said });

const PARTNER = /^\s*([^=@\s]+)(?:@([^=@\s]+))?\s*=\s*(\S.*)$/;

function partner(said: string): Read {
  const [, nodeId, instId, address] = PARTNER.exec(said) ?? [];
  if (nodeId === undefined) {
    return { expected: "NODE=ADDRESS or NODE@INST=ADDRESS, such as 'LX0000010000020@JG0100000200000000=a,b,c:7304'" };
  }
  return { value: { nodeId, ...(instId !== undefined && { instId }), address } };
}

/** The flags that say an option, in the order of the help. */
export const FLAGS: readonly Flag[] = [
  {
    name: 'port',
    value: 'N',
    path: ['listen', 'port'],
    read: number,
    help: 'port to listen at; 0 takes a free one (7304)',
  },
  {
    name: 'host',
    value: 'HOST',
    path: ['listen', 'host'],
    read: text,
    help: 'interface to bind (0.0.0.0: all of IPv4)',
  },
  { name: 'node-id', value: 'ID', path: ['nodeId'], read: text, help: 'id of this node (LX0000000000000)' },
  {
    name: 'inst-id',
    value: 'ID',
    path: ['instId'],
    read: text,
    help: 'id of the institution that runs it (JG0000000000000000)',
  },
  { name: 'name', value: 'NAME', path: ['name'], read: text, help: 'name of this application in the mesh (mesh-node)' },
  { name: 'domain', value: 'DOMAIN', path: ['domain'], read: text, help: 'last part of the URNs (trustbe.cn)' },
  {
    name: 'partner',
    value: 'NODE[@INST]=ADDRESS',
    path: ['partners'],
    between: ';',
    read: partner,
    help: "another institution's node, and where it listens, in the order to try; again for each partner",
  },
  {
    name: 'routes-file',
    value: 'FILE',
    path: ['node', 'routes', 'file'],
    read: text,
    help: 'partners in YAML or JSON; changes of the file take effect while it runs (none)',
  },
  {
    name: 'data-dir',
    value: 'FOLDER',
    path: ['node', 'dataDir'],
    read: text,
    help: 'where it keeps the partners that administration names (none: in memory only)',
  },
  {
    name: 'admin-token',
    value: 'TOKEN',
    path: ['node', 'administration', 'token'],
    read: text,
    help: 'what those have to know who administer it from outside (nobody can); who sees the processes of the machine sees flags, too: rather use the variable',
  },
  {
    name: 'address',
    value: 'HOST:PORT',
    path: ['addresses'],
    between: ',',
    read: text,
    help: 'a node that calls are forwarded to when nothing here serves them; again for each',
  },
  { name: 'subset', value: 'NAME', path: ['subset'], read: text, help: 'subset that this instance belongs to (none)' },
  {
    name: 'timeout-ms',
    value: 'MS',
    path: ['timeoutMs'],
    read: number,
    help: 'deadline of a call that names none, in milliseconds (10000)',
  },
  {
    name: 'drain-timeout-ms',
    value: 'MS',
    path: ['drainTimeoutMs'],
    read: number,
    help: 'how long the end waits for calls under way, in milliseconds (10000)',
  },
  {
    name: 'tls-cert',
    value: 'FILE',
    path: ['listen', 'tls', 'cert'],
    read: text,
    help: 'certificate in PEM: serves TLS',
  },
  { name: 'tls-key', value: 'FILE', path: ['listen', 'tls', 'key'], read: text, help: 'its private key in PEM' },
  {
    name: 'tls-ca',
    value: 'FILE',
    path: ['listen', 'tls', 'ca'],
    read: text,
    help: "authorities of clients' certificates in PEM (those that Node knows)",
  },
  {
    name: 'log-level',
    value: 'LEVEL',
    path: ['logLevel'],
    read: text,
    help: 'fatal, error, warn, log, debug, verbose or off, beside the lines of start and end (warn)',
  },
];

/** The flag that names the configuration file; `MESH_CONFIG` says the same. */
export const CONFIG = 'config';
/** The flag that says any option by its name. */
export const SET = 'set';
/** The flags without a value, with their short forms. */
export const SWITCHES = { check: undefined, help: 'h', version: 'v' } as const;

/** The variable that says the same as a flag. */
export function variableOf(flag: string): string {
  return `MESH_${flag.toUpperCase().replaceAll('-', '_')}`;
}
