import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { RawRequest } from '../../protocol/dialect.js';
import type { SessionParties, SessionRequest } from '../../protocol/session-call.js';
import { sameId } from '../../protocol/urn.js';
import type { SessionOutcome, SessionService, SessionWait } from '../session-service.js';
import type { SessionPort } from './session-port.js';

/** The node that a port stands for. */
export interface OwnNode {
  readonly nodeId: string;
  readonly instId: string;
}

/** The store of this process. A push for another node or institution goes out by the port given for that. */
export class LocalPort implements SessionPort {
  /**
   * @param own the node served here
   * @param elsewhere carries what is meant for another; absent when this process reaches no partner
   */
  constructor(
    private readonly service: SessionService,
    private readonly own: OwnNode,
    private readonly elsewhere?: SessionPort,
  ) {}

  /** @throws MeshError E0000000618 for a push to a partner when this process reaches none */
  async call(request: SessionRequest, wait: SessionWait, raw?: RawRequest): Promise<SessionOutcome> {
    if (request.operation !== 'push' || isOwn(request.parties, this.own)) return this.service.serve(request, wait);
    if (this.elsewhere) return this.elsewhere.call(request, wait, raw);
    const { targetNodeId, targetInstId } = request.parties;
    const message = `no way is known to ${targetNodeId ? `the node '${targetNodeId}'` : `the institution '${targetInstId}'`}`;
    throw new MeshError(MeshCode.NOT_IN_NETWORK, message);
  }
}

/** Whether a call is meant for this node: node first, institution second, and nobody means us. */
export function isOwn(
  { targetNodeId, targetInstId }: Pick<SessionParties, 'targetNodeId' | 'targetInstId'>,
  own: OwnNode,
): boolean {
  if (targetNodeId !== '') return sameId(targetNodeId, own.nodeId);
  return targetInstId === '' || sameId(targetInstId, own.instId);
}
