/** A node's description of itself (`mesh.net.environ`), as the reference node sends it. */
export interface Environ {
  readonly version: string;
  readonly node_id: string;
  readonly inst_id: string;
  readonly inst_name: string;
  readonly root_crt: string;
  readonly root_key: string;
  readonly node_crt: string;
}

/** Version of the description, as the reference node tells it. */
const ENVIRON_VERSION = '1.0.0';

/**
 * The description of a node: who it is. It has room for keys, which the reference node fills in; nobody who asks gets one here.
 * `lattice`, which the SDKs know besides, is left out as by the reference node: the asyncio SDK cannot read it.
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
  };
}
