import type { MeshContext } from '../../context/mesh-context.js';
import type { WireType } from '../facade/wire-type.js';

/** A service that this process provides. */
export interface ProviderService {
  /** Name of the service, such as `mesh.trust.apply`. */
  readonly service: string;
  /** Who provides it, for errors and documentation: `TokenizerController.apply`. */
  readonly provider: string;
  /** Wire types of the arguments, by name. */
  readonly wire: WireType<unknown> | undefined;
  /** Deadline of a call whose caller states none, in ms. Default: the mesh's `timeoutMs`. */
  readonly timeoutMs: number | undefined;
  /** Serves a call. What it throws becomes the answer. */
  invoke(args: Readonly<Record<string, unknown>>, context: MeshContext): Promise<unknown>;
}
