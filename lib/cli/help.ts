import { FLAGS, variableOf } from './flags.js';

const INDENT = 30;
const WIDTH = 100;

const EXAMPLES = `mesh-node: a node of the mesh, which speaks the Private Transmission Protocol (PTP)

Examples
  mesh-node
      listens at port 7304 with the default ids, which is enough to try it out

  mesh-node --node-id LX0000010000010 --inst-id JG0100000100000000 \\
            --partner 'LX0000010000020@JG0100000200000000=10.0.0.7,10.0.0.8:7304'
      a node with a partner, whose node listens at either of two addresses

  mesh-node --config node.yaml --port 8304
      what node.yaml says, at another port

  mesh-node --config node.yaml --check
      says whether the configuration is right, what it comes to, and what comes from where

Flags (and their defaults)`;

const REST = `
Other flags
  --config FILE               options of MeshModule.forRoot, and logLevel, in YAML or JSON, as the file's name ends
  --set OPTION=VALUE          any option by its name; the value is JSON or a text: --set sessions.whenFull=fail
  --check                     validates, prints the effective configuration without its secrets, and ends
  -h, --help                  this
  -v, --version               the version

Environment
  Each flag has a variable, which is MESH_ and its name in capitals: MESH_NODE_ID, MESH_PORT, MESH_CONFIG.
  MESH_PARTNER separates partners by ';', MESH_ADDRESS addresses by ','.
  MESH_OPTIONS says any options, as JSON: MESH_OPTIONS='{"sessions":{"whenFull":"fail"}}'
  MESH_RUNTIME, MESH_REGISTER and MESH_DIRECT mean what they mean to every application.

Precedence
  Flags go before the environment, that before the file, that before the defaults. Objects are joined,
  lists replaced. Of several listeners, flags and variables speak of the first.

Signals
  SIGTERM or SIGINT ends it in order: it takes no new calls, and gives those under way --drain-timeout-ms.
  A second one ends it at once.

Exit codes
  0  it ended well
  1  it failed while it ran, or was ended at once
  2  the configuration or the command line is wrong
  3  it cannot listen, for instance because the port is in use
`;

/** What `--help` prints. */
export function helpText(): string {
  const flags = FLAGS.map(({ name, value, help }) => entry(`--${name} ${value}`, `${help}; ${variableOf(name)}`));
  return [EXAMPLES, ...flags, REST].join('\n');
}

/** A flag, and what it is for, broken into lines beside it. */
function entry(flag: string, help: string): string {
  const lines: string[] = [];
  let line = `  ${flag}`.padEnd(INDENT);
  if (line.length > INDENT) {
    lines.push(line);
    line = ' '.repeat(INDENT);
  }
  for (const word of help.split(' ')) {
    if (line.length + word.length > WIDTH) {
      lines.push(line.trimEnd());
      line = ' '.repeat(INDENT);
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()].join('\n');
}
