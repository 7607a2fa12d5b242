import { type PartnerRoute, RouteStatus } from '../partners/partner-route.js';

const { CONNECTED, WEAVED, BY_HAND, DISCOVERED, ASKING, DISABLED, APPROVING, VIRTUAL, REJECTED } = RouteStatus;

/** What stays when a route is entered by hand anew without saying its status. */
const STAYS = CONNECTED | DISCOVERED | DISABLED | VIRTUAL;

/** What keeps a route from being woven. */
const OPEN_QUESTIONS = ASKING | APPROVING | REJECTED;

/** Whether a status has a bit. */
export function isStatus(status: number, bit: number): boolean {
  return (status & bit) !== 0;
}

/** A route with another status. */
export function withStatus(route: PartnerRoute, status: number): PartnerRoute {
  return { ...route, details: { ...route.details, status } };
}

/**
 * The status of a route that is entered by hand: woven, unless what is said asks for something else.
 *
 * @param said 0 when nothing is
 * @param before that of the route that there is; 0 when there is none
 */
export function statusByHand(said: number, before: number): number {
  if (said === 0) return (before & STAYS) | WEAVED | BY_HAND;
  return isStatus(said, OPEN_QUESTIONS) ? said | BY_HAND : said | BY_HAND | WEAVED;
}

/** While this side waits for the partner. What was woven by hand stays woven meanwhile. */
export function statusAsking(before: number): number {
  return (before & ~REJECTED) | ASKING;
}

/** Once both have agreed, and one has reached the other. */
export function statusAgreed(before: number): number {
  return (before & ~OPEN_QUESTIONS) | WEAVED | CONNECTED;
}
