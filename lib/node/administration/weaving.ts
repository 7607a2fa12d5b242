import { toMeshError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { openEnvelope } from '../../protocol/envelope.js';
import { type PartnerRoute, RouteStatus } from '../partners/partner-route.js';
import type { Partners } from '../partners/partners.js';
import { readRoute } from '../partners/read-route.js';
import { checkAuthCode, isSameCode, newAuthCode } from './auth-code.js';
import type { InTurn } from './in-turn.js';
import type { Journal } from './journal.js';
import type { NodeHerald } from './node-herald.js';
import type { WeavingStep } from './operator-gate.js';
import type { OwnRoute } from './own-route.js';
import { isStatus, statusAgreed, statusAsking, withStatus } from './route-status.js';

/** What a {@link Weaving} works with. */
export interface WeavingParts {
  readonly partners: Partners;
  readonly herald: Pick<NodeHerald, 'tell'>;
  readonly journal: Journal;
  /** Changes are made one after the other. */
  readonly changes: InTurn;
  /** The way to this node, for a partner at an address. */
  ownRoute(towards: string): Promise<OwnRoute>;
}

/** What an operator wants woven: a request that is to be sent, or what needs none. */
type Begun =
  { readonly asking: PartnerRoute; readonly before: PartnerRoute | undefined } | { readonly woven: PartnerRoute };

const { CONNECTED, WEAVED, BY_HAND, ASKING, APPROVING } = RouteStatus;

/** What says that a node was not reached, or not heard: it may have taken what it was told. */
const UNHEARD: ReadonlySet<string> = new Set([
  MeshCode.UNREACHABLE,
  MeshCode.ADDRESS_UNREACHABLE,
  MeshCode.TIMEOUT,
  MeshCode.CANCELLED,
]);

/**
 * Weaves partners for the operators of this node: asks a partner's node, or consents to what one has asked. What the other side
 * does of the two arrives at `WeavingRequests`.
 */
export class Weaving {
  constructor(private readonly parts: WeavingParts) {}

  /**
   * Asks a partner's node. The route is kept as asking before that, and stays so when the node is not heard: the same may then be
   * said again. It is put back as it was when the node refuses. What both sides have woven stays as it is.
   *
   * @param value the route, or of one that there is already the id of the node
   * @param by address of the operator
   * @throws MeshError E0000000614 when the partner's node has asked already; what the node refuses it with, or why it is not heard
   */
  async ask(value: unknown, by: string): Promise<PartnerRoute> {
    const { partners, journal, changes } = this.parts;
    const begun = await changes.run(() => this.begin(value));
    if ('woven' in begun) return begun.woven;
    const { asking, before } = begun;
    const { nodeId } = asking;
    journal.changed(`asks the node ${nodeId} to weave`, by);
    try {
      await this.tell(asking, 'weave');
    } catch (error) {
      if (!UNHEARD.has(toMeshError(error).code)) await changes.run(() => this.takeBack(asking, before));
      throw error;
    }
    return changes.run(async () => {
      const now = partners.route(nodeId) ?? asking;
      return isSameRequest(now, asking) ? this.put(withStatus(now, now.details.status | CONNECTED)) : now;
    });
  }

  /**
   * Consents to what a partner's node has asked, and tells it so; from then on both sides talk. Nothing changes when the node is not
   * heard. What is woven already stays as it is.
   *
   * @param value the id of the node, and whatever of its route is to be other than the node said
   * @param by address of the operator
   * @throws MeshError E0000000618 when there is no such node; E0000000614 when it has not asked; what the node refuses it with, or
   * why it is not heard
   */
  async consent(value: unknown, by: string): Promise<PartnerRoute> {
    const { partners, journal, changes } = this.parts;
    const route = readRoute(value, (id) => partners.route(id));
    const before = partners.route(route.nodeId);
    if (!before) {
      throw new MeshError(MeshCode.NOT_IN_NETWORK, `the node '${route.nodeId}' has not asked, nor is it a partner`);
    }
    const { nodeId } = before;
    const { status, authCode } = before.details;
    if (!isStatus(status, APPROVING)) {
      if (isStatus(status, WEAVED)) return before;
      throw notPermitted(`the node '${nodeId}' has not asked, so that there is nothing to acknowledge`);
    }
    const agreed = { ...route, nodeId, details: { ...route.details, status: statusAgreed(status), authCode } };
    await this.tell(agreed, 'ack');
    return changes.run(async () => {
      const now = partners.route(nodeId);
      if (!now || !isSameRequest(now, agreed)) throw notPermitted(`the route to '${nodeId}' was changed meanwhile`);
      journal.changed(`is woven with the node ${nodeId}, which had asked`, by);
      return this.put(agreed);
    });
  }

  /** What is to be sent, once it is kept as asking. What was woven by hand may be asked for: it stays woven meanwhile. */
  private async begin(value: unknown): Promise<Begun> {
    const { partners } = this.parts;
    const route = readRoute(value, (id) => partners.route(id));
    const before = partners.route(route.nodeId);
    const status = before?.details.status ?? 0;
    if (isStatus(status, APPROVING)) {
      throw notPermitted(`the node '${route.nodeId}' has asked already: acknowledge that, at /v1/interconn/net/ack`);
    }
    if (before && isStatus(status, WEAVED) && !isStatus(status, BY_HAND | ASKING)) return { woven: before };
    const authCode = route.details.authCode || newAuthCode();
    checkAuthCode(authCode);
    const asking = { ...route, details: { ...route.details, status: statusAsking(status), authCode } };
    return { asking: await this.put(asking), before };
  }

  private async takeBack(asking: PartnerRoute, before: PartnerRoute | undefined): Promise<void> {
    const { partners } = this.parts;
    const now = partners.route(asking.nodeId);
    if (!now || !isSameRequest(now, asking)) return;
    if (before) await partners.put(before);
    else await partners.remove(asking.nodeId);
  }

  /** @throws MeshError what the node refuses it with, or why it is not heard; with the node's name */
  private async tell(route: PartnerRoute, step: WeavingStep): Promise<void> {
    const own = await this.parts.ownRoute(route.addresses[0] ?? '');
    const answer = await this.parts.herald.tell(route, step, { ...own, auth_code: route.details.authCode });
    try {
      openEnvelope(answer);
    } catch (error) {
      const { code, message } = toMeshError(error);
      throw new MeshError(code, `the node '${route.nodeId}' refuses: ${message}`, { cause: error });
    }
  }

  private async put(route: PartnerRoute): Promise<PartnerRoute> {
    await this.parts.partners.put(route);
    return route;
  }
}

function isSameRequest(one: PartnerRoute, other: PartnerRoute): boolean {
  return isSameCode(one.details.authCode, other.details.authCode);
}

function notPermitted(message: string): MeshError {
  return new MeshError(MeshCode.NOT_PERMITTED, message);
}
