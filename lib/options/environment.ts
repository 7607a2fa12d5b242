import {
  address,
  applicationName,
  applicationVersion,
  path,
  routesFile,
  subsetName,
  token,
  type Check,
} from './checks.js';
import type { DirectRule } from './mesh-options.js';
import { OptionReader } from './option-reader.js';
import { parseAddress } from './parse-address.js';
import { parseDirect } from './parse-direct.js';
import type { Problems } from './problems.js';

/** Reads what the environment says about this application; only the variables asked for are read. Empty ones count as absent. */
export class Environment {
  private readonly variables: OptionReader;

  constructor(env: NodeJS.ProcessEnv, problems: Problems) {
    const set = Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== '');
    this.variables = new OptionReader('', Object.fromEntries(set), problems);
  }

  /** `MESH_NAME`: name of this application. */
  name(fallback: string): string {
    return this.variables.take('MESH_NAME', trimmed(applicationName), () => fallback);
  }

  /** `<NAME>_VERSION`, the name of the application in capitals: its version, as the SDKs read it. */
  version(name: string, fallback: string): string {
    return this.variables.take(`${name.toUpperCase()}_VERSION`, trimmed(applicationVersion), () => fallback);
  }

  /** `MESH_ADDRESS`: addresses of nodes, separated by commas. */
  nodes(): readonly string[] {
    return this.variables.take('MESH_ADDRESS', addresses, () => []);
  }

  /** Port of `MESH_RUNTIME`, which is this application's own `host:port`. Its host is what others see, not what to bind. */
  port(fallback: number): number {
    return this.variables.take('MESH_RUNTIME', portOfRuntime, () => fallback);
  }

  /** Host of `MESH_RUNTIME`: where others reach this application; empty when it says none. */
  host(): string {
    return this.variables.take('MESH_RUNTIME', hostOfRuntime, () => '');
  }

  /** Whether `MESH_REGISTER` is `1`: this application is to register at its nodes. */
  registers(): boolean {
    return this.variables.take('MESH_REGISTER', zeroOrOne, () => false);
  }

  /** `MESH_ADMIN_TOKEN`: what those have to know who administer the node; empty when it says none. */
  adminToken(): string {
    return this.variables.take('MESH_ADMIN_TOKEN', trimmed(token), () => '');
  }

  /** `MESH_ROUTES_FILE`: path of the file that has routes to partners; empty when it says none. */
  routesFile(): string {
    return this.variables.take('MESH_ROUTES_FILE', trimmed(routesFile), () => '');
  }

  /** `MESH_DATA_DIR`: path of the folder where the node keeps what is to outlive it; empty when it says none. */
  dataDir(): string {
    return this.variables.take('MESH_DATA_DIR', trimmed(path), () => '');
  }

  /** `MESH_DIRECT`: calls that go past registry and nodes. */
  direct(): readonly DirectRule[] {
    return this.variables.take('MESH_DIRECT', direct, () => []);
  }

  /** `MESH_SUBSET`: the subset that this application's instance belongs to. */
  subset(): string {
    return this.variables.take('MESH_SUBSET', trimmed(subsetName), () => '');
  }
}

function trimmed(check: Check<string>): Check<string> {
  return (value, name, problems) => check(String(value).trim(), name, problems);
}

const addresses: Check<readonly string[]> = (value, name, problems) => {
  const parts = String(value).split(',');
  const named = parts.map((part) => part.trim()).filter((part) => part !== '');
  const found = named.map((part) => address(part, named.length === 1 ? name : `each address of ${name}`, problems));
  return found.filter((one) => one !== undefined);
};

const portOfRuntime: Check<number> = (value, name, problems) =>
  parseAddress(String(value).trim())?.port ?? problems.refuse(name, "this application's own host:port", value);

const hostOfRuntime: Check<string> = (value) => parseAddress(String(value).trim())?.host ?? '';

const zeroOrOne: Check<boolean> = (value, name, problems) => {
  const said = String(value).trim();
  return said === '1' || said === '0' ? said === '1' : problems.refuse(name, '1 or 0', value);
};

const direct: Check<readonly DirectRule[]> = (value, name, problems) => parseDirect(String(value), name, problems);
