import type { TimeLimits } from '../context/time-limits.js';
import { toMeshError } from '../errors/from-unknown.js';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import type { SessionWait } from '../session/session-service.js';
import type { Partner } from './partners/partner.js';

/** Tries to hand a request to a node at one address; the wait goes along as a whole. @throws MeshError why there is no answer */
export type Attempt<Answer> = (address: string, wait: SessionWait) => Promise<Answer>;

/** Whether a request may be sent once more after its answer was lost: only one whose repetition is recognised may. */
export type Repetition = 'safe' | 'unsafe';

/** What a failed attempt says of the request: it never went out, it may have arrived, or it was refused for good. */
type Failure = 'not-sent' | 'lost' | 'refused';

/**
 * The part of the time left that an address has to take a connection; of what it leaves, the call and the answer to the caller
 * have to be made.
 */
const CONNECTING_PART = 0.8;

/**
 * Hands a request to a partner's node: at the address that answered last, and where nothing answers, at the others. What may
 * have arrived is sent again only when that is safe, and then also where the connection was lost.
 *
 * Addresses that take no connection share the time: one that drops what is sent to it leaves some to those behind it.
 *
 * @throws MeshError E0000000607 when no address answers, before the deadline where none takes a connection; E0000000601 when one
 * took the connection and is silent; the reason of the cancellation; what refused the call otherwise
 */
export async function deliver<Answer>(
  { route, addresses }: Pick<Partner, 'route' | 'addresses'>,
  attempt: Attempt<Answer>,
  repetition: Repetition,
  wait: SessionWait,
): Promise<Answer> {
  const attempts = [...addresses.inOrder()];
  const listed = attempts.length;
  const failures: MeshError[] = [];
  for (let index = 0; index < attempts.length; index++) {
    const address = attempts[index] as string;
    const limits = limitsOf(wait.deadline, route.timeoutMs, attempts.length - index);
    try {
      const answer = await attempt(address, { ...limits, cancellation: wait.cancellation });
      addresses.answered(address);
      return answer;
    } catch (error) {
      const failure = toMeshError(error);
      const { reason } = wait.cancellation;
      if (reason && reason.code !== MeshCode.TIMEOUT) throw reason;
      const kind = kindOf(failure);
      if (kind === 'refused') throw failure;
      addresses.failed(address);
      const isOver = reason !== undefined || Date.now() >= wait.deadline;
      if (kind === 'lost' && (isOver || repetition === 'unsafe')) throw failure;
      failures.push(failure);
      if (isOver) break;
      // A connection that was kept may have been closed at the other side meanwhile: a new one is worth a try.
      if (failure.code === MeshCode.UNREACHABLE && index < listed) attempts.push(address);
    }
  }
  throw exhausted(route.nodeId, failures);
}

/** The time for one attempt, when so many addresses are left to be tried. */
function limitsOf(deadline: number, timeoutMs: number, left: number): Required<TimeLimits> {
  const now = Date.now();
  const share = Math.min(timeoutMs, (deadline - now) / left);
  return { deadline: Math.min(deadline, now + timeoutMs), connectBy: now + CONNECTING_PART * share };
}

function kindOf({ code, neverSent }: MeshError): Failure {
  if (code === MeshCode.ADDRESS_UNREACHABLE) return 'not-sent';
  if (code !== MeshCode.UNREACHABLE && code !== MeshCode.TIMEOUT) return 'refused';
  return neverSent ? 'not-sent' : 'lost';
}

/** The error of a partner of whom no address has answered. */
function exhausted(nodeId: string, failures: readonly MeshError[]): MeshError {
  const last = failures.at(-1);
  const code = last?.code === MeshCode.TIMEOUT ? MeshCode.TIMEOUT : MeshCode.UNREACHABLE;
  const why = failures.map(({ message }) => message).join('; ');
  const neverSent = failures.every((failure) => failure.neverSent);
  return new MeshError(code, `the node '${nodeId}' cannot be reached: ${why}`, { cause: last, neverSent });
}
