import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { SessionParties } from '../../protocol/session-call.js';
import type { Partner } from './partner.js';

/** The partners of this node, by what a request is meant for. */
export class PartnerTable {
  private readonly byNode = new Map<string, Partner>();
  private readonly byInst = new Map<string, Partner>();

  /** @param partners of several nodes of one institution, the first stands for it */
  constructor(partners: readonly Partner[]) {
    for (const partner of partners) {
      const { nodeId, instId } = partner.route;
      this.byNode.set(nodeId.toLowerCase(), partner);
      const inst = instId.toLowerCase();
      if (inst !== '' && !this.byInst.has(inst)) this.byInst.set(inst, partner);
    }
  }

  /**
   * Whom a request is to be handed to: the node that it names, else the node of the institution that it names.
   * @throws MeshError E0000000618 when that is no partner
   */
  find({ targetNodeId, targetInstId }: SessionParties): Partner {
    const found =
      targetNodeId === '' ? this.byInst.get(targetInstId.toLowerCase()) : this.byNode.get(targetNodeId.toLowerCase());
    if (found) return found;
    const what = targetNodeId === '' ? 'institution' : 'node';
    const shown = JSON.stringify((targetNodeId || targetInstId).slice(0, 100));
    throw new MeshError(MeshCode.NOT_IN_NETWORK, `the ${what} ${shown} is not in the network: no partner has this id`);
  }
}
