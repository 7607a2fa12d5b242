import type { UrnFlag } from '../../protocol/flag.js';
import { formatUrn } from '../../protocol/urn.js';
import type { FacadeOptions, MpiDefinition } from '../facade/facade.js';
import type { WireType } from '../facade/wire-type.js';

/** URNs kept for one method: one for each node it is directed to. Beyond, they are made anew for each call. */
const MAX_URNS = 256;

/** All about calling one service that does not change from call to call. */
export class CallSite {
  readonly timeoutMs: number | undefined;
  readonly idempotent: boolean;
  readonly retries: number | undefined;
  readonly returns: WireType<unknown> | undefined;
  private readonly urns = new Map<string, string>();

  /**
   * @param service name of the service
   * @param domain last part of its URN
   */
  constructor(
    readonly service: string,
    private readonly domain: string,
    settings: FacadeOptions & Partial<Pick<MpiDefinition, 'returns'>> = {},
  ) {
    this.timeoutMs = settings.timeoutMs;
    this.idempotent = settings.idempotent ?? false;
    this.retries = settings.retries;
    this.returns = settings.returns;
  }

  /**
   * The URN of the service at a node.
   *
   * @param flag the same in all calls of one mesh
   */
  urnAt(nodeId: string, flag: UrnFlag): string {
    const known = this.urns.get(nodeId);
    if (known !== undefined) return known;
    const urn = formatUrn({ name: this.service, nodeId, flag, domain: this.domain });
    if (this.urns.size < MAX_URNS) this.urns.set(nodeId, urn);
    return urn;
  }
}
