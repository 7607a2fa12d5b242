import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import { WireFields } from '../../protocol/wire-fields.js';
import { NO_DETAILS, type PartnerRoute, type RouteDetails, RouteStatus } from '../partners/partner-route.js';
import type { Partners } from '../partners/partners.js';
import { readRoute } from '../partners/read-route.js';
import { checkAuthCode, CODE_MAX, isSameCode } from './auth-code.js';
import type { InTurn } from './in-turn.js';
import type { Journal } from './journal.js';
import { RateLimit } from './rate-limit.js';
import { isStatus, statusAgreed } from './route-status.js';

/** What {@link WeavingRequests} work with. */
export interface WeavingRequestParts {
  readonly partners: Partners;
  readonly journal: Journal;
  /** Changes are made one after the other. */
  readonly changes: InTurn;
  /** Default: the clock. */
  now?(): number;
}

const { WEAVED, ASKING, DISABLED, APPROVING, REJECTED } = RouteStatus;

/** Most requests that wait for an operator. */
const MAX_WAITING = 64;

/** What strangers may say of themselves at once, and after so many ms once more. */
const BURST = 30;
const EVERY_MS = 2_000;

/** Longest certificate and description that a stranger may send, in characters. */
const MAX_PEM = 32_768;
const MAX_DESCRIPTION = 1_024;

/**
 * What the nodes of partners, or of strangers, say of weaving. Nobody of them has proven who it is. A request therefore makes
 * nothing but an entry that waits for an operator, never changes one that there is, and calls nobody; requests are few, small and
 * slow to come. Consent is believed only from who knows the code that went along with what was asked.
 */
export class WeavingRequests {
  private readonly rate: RateLimit;

  constructor(private readonly parts: WeavingRequestParts) {
    this.rate = new RateLimit(BURST, EVERY_MS, parts.now);
  }

  /**
   * A node asks to weave. What it asks again, with the same code, changes nothing.
   *
   * @param value its route, with its code
   * @param by its address
   * @throws MeshError E0000000614 when there is a route to such a node already; E0000000403 when an operator has refused it;
   * E0000000606 when it is disabled; E0000000700 when too many wait, or ask at once; E0000000400 for what is malformed
   */
  async asked(value: unknown, by: string): Promise<void> {
    this.limit();
    const route = waitingRoute(value);
    await this.parts.changes.run(async () => {
      const before = this.parts.partners.route(route.nodeId);
      if (before) return refuseUnlessSame(before, route);
      if (this.waiting() >= MAX_WAITING) throw full(`${MAX_WAITING} requests to weave wait already`);
      await this.parts.partners.put(route);
      this.parts.journal.changed(`is asked by the node ${route.nodeId} to weave, and waits for an operator`, by);
    });
  }

  /**
   * A node consents to what this one has asked; from then on both sides talk.
   *
   * @param value its route, with the code of the request
   * @param by its address
   * @throws MeshError E0000000403 when this node has asked nothing, or with another code; E0000000700 when too many ask at once
   */
  async consented(value: unknown, by: string): Promise<void> {
    this.limit();
    const { partners, journal, changes } = this.parts;
    const fields = new WireFields('route', value);
    const [nodeId, code] = [fields.text('node_id'), fields.lines('auth_code', CODE_MAX)];
    await changes.run(async () => {
      const before = partners.route(nodeId);
      if (!before || isStatus(before.details.status, APPROVING) || !isSameCode(before.details.authCode, code)) {
        journal.refused('the consent to what was not asked', by);
        throw new MeshError(MeshCode.FORBIDDEN, 'nothing was asked that this could be the consent to');
      }
      const { details } = before;
      if (!isStatus(details.status, ASKING)) return;
      const said = filledIn(details, saidOf(fields));
      await partners.put({ ...before, details: { ...said, status: statusAgreed(details.status) } });
      journal.changed(`is woven with the node ${before.nodeId}, which has consented`, by);
    });
  }

  private limit(): void {
    if (!this.rate.take()) throw full('too many requests to weave at once');
  }

  private waiting(): number {
    return this.parts.partners.list().filter(({ details }) => isStatus(details.status, APPROVING)).length;
  }
}

/** A request as it waits: what a node says of the way to it, and of itself; no status, no key of its choosing. */
function waitingRoute(value: unknown): PartnerRoute {
  const fields = new WireFields('route', value);
  const route = readRoute(value);
  const { authCode, expireAt } = route.details;
  checkAuthCode(authCode);
  const said = { ...NO_DETAILS, ...saidOf(fields), authCode, expireAt, status: APPROVING };
  return { ...route, origin: 'administration', details: said };
}

type Said = Pick<RouteDetails, 'name' | 'instName' | 'describe' | 'guestRoot' | 'guestCrt'>;

/** What a node says of itself. Its certificates are to this side those of the guest. */
function saidOf(fields: WireFields): Said {
  const pem = (name: string): string => fields.lines(name, MAX_PEM);
  return {
    name: fields.text('name'),
    instName: fields.text('inst_name'),
    describe: fields.lines('describe', MAX_DESCRIPTION),
    guestRoot: pem('root_crt') || pem('host_root'),
    guestCrt: pem('host_crt'),
  };
}

/** What an operator has said stays. */
function filledIn(details: RouteDetails, { name, instName, describe, guestRoot, guestCrt }: Said): RouteDetails {
  return {
    ...details,
    name: details.name || name,
    instName: details.instName || instName,
    describe: details.describe || describe,
    guestRoot: details.guestRoot || guestRoot,
    guestCrt: details.guestCrt || guestCrt,
  };
}

function refuseUnlessSame({ nodeId, details: { status, authCode } }: PartnerRoute, asked: PartnerRoute): void {
  if (isStatus(status, REJECTED)) throw new MeshError(MeshCode.FORBIDDEN, 'an operator has refused that');
  if (isStatus(status, DISABLED)) throw new MeshError(MeshCode.NETWORK_DISABLED);
  if (isStatus(status, APPROVING | WEAVED) && isSameCode(authCode, asked.details.authCode)) return;
  if (isStatus(status, ASKING)) {
    throw notPermitted(`this node has asked '${nodeId}' itself: acknowledge that there, at /v1/interconn/net/ack`);
  }
  const what = isStatus(status, WEAVED) ? 'there is a route to it already' : 'a request of such a node waits already';
  throw notPermitted(`the node '${nodeId}' cannot ask: ${what}`);
}

function notPermitted(message: string): MeshError {
  return new MeshError(MeshCode.NOT_PERMITTED, message);
}

function full(message: string): MeshError {
  return new MeshError(MeshCode.BUFFER_FULL, message);
}
