import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { sameId } from '../../protocol/urn.js';
import { WireFields } from '../../protocol/wire-fields.js';
import { Problems } from '../../options/problems.js';
import { parseAddresses } from '../../options/parse-addresses.js';
import { type Environ, environOf } from '../builtin/environ.js';
import type { KeptFile } from '../kept-file.js';
import { InTurn } from './in-turn.js';

/** Longest certificate, in characters. */
const MAX_PEM = 32_768;

/** What an operator may say of a node at run time. Empty where nobody has. */
interface Said {
  readonly version: string;
  readonly inst_name: string;
  /** Where partners reach it: `host:port`, several separated by commas. */
  readonly address: string;
  readonly root_crt: string;
  readonly node_crt: string;
}

const NOTHING_SAID: Said = { version: '', inst_name: '', address: '', root_crt: '', node_crt: '' };

/**
 * A node's description of itself, which operators may change at run time (standard, `node/refresh`) and others read
 * (`mesh.net.environ`). Its ids stand in URNs, headers and the routes of partners: they come from the options, and stay.
 */
export class NodeDescription {
  private said: Said = NOTHING_SAID;
  private readonly writes = new InTurn();

  /**
   * @param own the ids of the node
   * @param kept where the description outlives the process
   * @throws MeshError E0000000400 when what is kept there is none
   */
  constructor(
    private readonly own: { readonly nodeId: string; readonly instId: string },
    private readonly kept?: Pick<KeptFile, 'read' | 'write'>,
  ) {
    const text = kept?.read();
    if (text) this.said = readSaid(new WireFields('the description of the node', parsed(text)), NOTHING_SAID);
  }

  /** The addresses at which partners reach it, as an operator has said; empty when none has. */
  get address(): string {
    return this.said.address;
  }

  /** The description, as it is told: without any key. */
  environ(): Environ {
    const { version, inst_name, root_crt, node_crt } = this.said;
    const told = environOf(this.own);
    return { ...told, version: version || told.version, inst_name, root_crt, node_crt };
  }

  /**
   * Takes what is said; what is absent stays. A `root_key` is passed over, since nothing is signed here: it is neither kept nor told.
   *
   * @throws MeshError E0000000614 for other ids than those that the node has; E0000000400 for what is malformed, or has a key in
   * the place of a certificate
   */
  async refresh(value: unknown): Promise<Environ> {
    const fields = new WireFields('node', value);
    this.refuseOtherIds(fields);
    fields.lines('root_key', MAX_PEM);
    return this.writes.run(async () => {
      const said = readSaid(fields, this.said);
      await this.kept?.write(`${JSON.stringify(said, null, 2)}\n`);
      this.said = said;
      return this.environ();
    });
  }

  private refuseOtherIds(fields: WireFields): void {
    const { nodeId, instId } = this.own;
    const ids = [
      ['node_id', nodeId, 'nodeId'],
      ['inst_id', instId, 'instId'],
    ] as const;
    for (const [field, id, option] of ids) {
      const said = fields.text(field);
      if (said === '' || sameId(said, id)) continue;
      const message = `node.${field} cannot change while the node runs, it is '${id}': say it in the option ${option}, and start anew`;
      throw new MeshError(MeshCode.NOT_PERMITTED, message);
    }
  }
}

function readSaid(fields: WireFields, before: Said): Said {
  const text = (name: keyof Said): string => (fields.raw(name) === undefined ? before[name] : fields.text(name));
  return {
    version: text('version'),
    inst_name: text('inst_name'),
    address: checkAddress(text('address')),
    root_crt: certificate(fields, 'root_crt', before),
    node_crt: certificate(fields, 'node_crt', before),
  };
}

/** Certificates are told to everybody: a key among them would be, too. */
function certificate(fields: WireFields, name: 'root_crt' | 'node_crt', before: Said): string {
  if (fields.raw(name) === undefined) return before[name];
  const text = fields.lines(name, MAX_PEM);
  if (!text.includes('PRIVATE KEY')) return text;
  throw new MeshError(MeshCode.INVALID_REQUEST, `node.${name} must be a certificate, got a private key`);
}

function checkAddress(text: string): string {
  if (text === '') return '';
  const problems = new Problems();
  const addresses = parseAddresses(text, 'node.address', problems);
  problems.throwIfAny();
  return addresses?.join(',') ?? '';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MeshError(MeshCode.INVALID_REQUEST, 'what is kept of the description of the node is no JSON');
  }
}
