import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { refusal, WireFields } from '../../protocol/wire-fields.js';

/** What is kept of a domain: those fields of it that are said. */
export type Domain = Readonly<Record<string, string>>;

/** Fields of a domain, as nodes send it, and of a route, as SDKs send one in its place; nothing secret among them. */
const FIELDS = [
  'instance_id',
  'node_id',
  'inst_id',
  'zone',
  'cluster',
  'unit',
  'group',
  'address',
  'urn',
  'namespace',
  'name',
  'inst_name',
  'describe',
  'alias',
  'kind',
  'proto',
  'codec',
] as const;

/** Most domains of one kind, and most kinds. */
const MAX_DOMAINS = 1_024;
const MAX_KINDS = 16;

/**
 * The domains of the network, as they were put (`mesh.net.resolve`) and are told (`mesh.net.domains`). This node does not
 * resolve anything by them.
 */
export class DomainBook {
  private readonly kinds = new Map<string, readonly Domain[]>();

  /** The domains of a kind; of all kinds when none is named. */
  list(kind: string): readonly Domain[] {
    return kind === '' ? [...this.kinds.values()].flat() : (this.kinds.get(kind) ?? []);
  }

  /**
   * Takes the domains of a kind, in the place of those that there are.
   * @throws MeshError E0000000400 for what is no list of domains; E0000000413 or E0000000700 when there are too many
   */
  put(kind: string, domains: unknown): void {
    if (!Array.isArray(domains)) throw refusal('domains', 'an array', domains);
    if (domains.length > MAX_DOMAINS) {
      throw new MeshError(MeshCode.MESSAGE_TOO_LONG, `${domains.length} domains are more than ${MAX_DOMAINS}`);
    }
    const read = domains.map((one: unknown, index) => readDomain(new WireFields(`domains[${index}]`, one)));
    if (!this.kinds.has(kind) && this.kinds.size === MAX_KINDS) {
      throw new MeshError(MeshCode.BUFFER_FULL, `there are domains of ${MAX_KINDS} kinds already`);
    }
    this.kinds.set(kind, read);
  }
}

function readDomain(fields: WireFields): Domain {
  const said = FIELDS.map((name) => [name, fields.text(name)] as const);
  return Object.fromEntries(said.filter(([, text]) => text !== ''));
}
