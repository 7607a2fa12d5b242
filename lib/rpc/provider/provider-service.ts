import type { MeshContext } from '../../context/mesh-context.js';
import type { InboundHead } from '../../transport/transport.js';
import type { MpiDefinition } from '../facade/facade.js';
import type { ServedArea } from '../../options/listen-options.js';
import type { WireType } from '../facade/wire-type.js';

/** A service that this process provides. */
export interface ProviderService {
  /** Name of the service, such as `mesh.trust.apply`. */
  readonly service: string;
  /** Who provides it, for errors and documentation: `TokenizerController.apply`. */
  readonly provider: string;
  /** What it belongs to if it is no service of the application: listeners that do not serve the area do not have it. */
  readonly area?: ServedArea;
  /** Wire types of the arguments, by name. */
  readonly wire: WireType<unknown> | undefined;
  /** Deadline of a call whose caller states none, in ms. Default: the mesh's `timeoutMs`. */
  readonly timeoutMs: number | undefined;
  /** What its facade declares of it; absent for a handler without a facade. */
  readonly declared?: MpiDefinition | undefined;
  /**
   * Serves a call: the answer, or a Promise of it. What it throws becomes the answer.
   *
   * @param head the call as it came in, for who must know whence
   */
  invoke(args: Readonly<Record<string, unknown>>, context: MeshContext, head: InboundHead): unknown;
}
