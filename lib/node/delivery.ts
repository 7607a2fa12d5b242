import { toMeshError } from '../errors/from-unknown.js';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import type { SessionWait } from '../session/session-service.js';
import type { InboundAnswer } from '../transport/transport.js';
import type { Partner } from './partners/partner.js';
import type { Attempt } from './way.js';

/** Whether a request may be sent once more after its answer was lost: only one whose repetition is recognised may. */
export type Repetition = 'safe' | 'unsafe';

/** What a failed attempt says of the request: it never went out, it may have arrived, or it was refused for good. */
type Failure = 'not-sent' | 'lost' | 'refused';

/**
 * Hands a request to a partner's node: at the address that answered last, and where nothing answers, at the others. What may
 * have arrived is sent again only when that is safe, and then also where the connection was lost.
 *
 * @throws MeshError E0000000607 when no address answers, E0000000601 when that is for want of time; the reason of the
 * cancellation; what refused the call otherwise
 */
export async function deliver(
  { route, addresses }: Pick<Partner, 'route' | 'addresses'>,
  attempt: Attempt,
  repetition: Repetition,
  wait: SessionWait,
): Promise<InboundAnswer> {
  const attempts = [...addresses.inOrder()];
  const listed = attempts.length;
  const failures: MeshError[] = [];
  for (let index = 0; index < attempts.length; index++) {
    const address = attempts[index] as string;
    const deadline = Math.min(wait.deadline, Date.now() + route.timeoutMs);
    try {
      const answer = await attempt(address, { deadline, cancellation: wait.cancellation });
      addresses.answered(address);
      return answer;
    } catch (error) {
      const failure = toMeshError(error);
      if (wait.cancellation.reason) throw wait.cancellation.reason;
      if (Date.now() >= wait.deadline) throw failure;
      const kind = kindOf(failure);
      if (kind === 'refused' || (kind === 'lost' && repetition === 'unsafe')) throw failure;
      addresses.failed(address);
      failures.push(failure);
      // A connection that was kept may have been closed at the other side meanwhile: a new one is worth a try.
      if (failure.code === MeshCode.UNREACHABLE && index < listed) attempts.push(address);
    }
  }
  throw exhausted(route.nodeId, failures);
}

function kindOf({ code, neverSent }: MeshError): Failure {
  if (code === MeshCode.ADDRESS_UNREACHABLE) return 'not-sent';
  if (code === MeshCode.UNREACHABLE) return neverSent ? 'not-sent' : 'lost';
  return code === MeshCode.TIMEOUT ? 'lost' : 'refused';
}

/** The error of a partner of whom no address has answered. */
function exhausted(nodeId: string, failures: readonly MeshError[]): MeshError {
  const last = failures.at(-1);
  const code = last?.code === MeshCode.TIMEOUT ? MeshCode.TIMEOUT : MeshCode.UNREACHABLE;
  const why = failures.map(({ message }) => message).join('; ');
  const neverSent = failures.every((failure) => failure.neverSent);
  return new MeshError(code, `the node '${nodeId}' cannot be reached: ${why}`, { cause: last, neverSent });
}
