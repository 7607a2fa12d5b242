/** A node's description of itself (`mesh.net.environ`), in the shape in which the SDKs read it. */
export interface Environ {
  readonly version: string;
  readonly node_id: string;
  readonly inst_id: string;
  readonly inst_name: string;
  readonly root_crt: string;
  readonly root_key: string;
  readonly node_crt: string;
  /** Where in a data centre it stands. */
  readonly lattice: Readonly<Record<'zone' | 'cluster' | 'cell' | 'group' | 'address', string>>;
}

/** Version of the description, as the reference node tells it. */
const ENVIRON_VERSION = '1.0.0';

/**
 * The description of a node: who it is. The shape has room for keys, which the reference node fills in; nobody who asks gets
 * one here.
 */
export function environOf({ nodeId, instId }: { readonly nodeId: string; readonly instId: string }): Environ {
  return {
    version: ENVIRON_VERSION,
    node_id: nodeId,
    inst_id: instId,
    inst_name: '',
    root_crt: '',
    root_key: '',
    node_crt: '',
    lattice: { zone: '', cluster: '', cell: '', group: '', address: '' },
  };
}
