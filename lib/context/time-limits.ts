import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';

/** How long a call to another process may take. */
export interface TimeLimits {
  /** When the caller gives up: ms since the epoch. `Infinity` when it never does. */
  readonly deadline: number;
  /**
   * When there has to be a connection, for who would else go to another address: ms since the epoch. A call that cannot be sent
   * by then ends as {@link failureAt} says; one that was sent has its time until the deadline. Default: the deadline.
   */
  readonly connectBy?: number;
}

/** Why a call was not sent yet. */
export interface Unsent {
  /**
   * `connecting`: the address has not taken a connection, TLS included. `greeting`: it has, and has not said yet that it takes
   * calls, as HTTP/2 asks of it.
   */
  readonly stage: 'connecting' | 'greeting';
  /** Where the call is to go. */
  readonly address: string;
}

/** When a call is to be looked at for the first time: ms since the epoch. */
export function firstLimitOf({ deadline, connectBy = deadline }: TimeLimits): number {
  return Math.min(deadline, connectBy);
}

/**
 * What ends a call at one of its limits; `undefined` when it goes on until its deadline, since it was sent.
 *
 * | the call is             | at `connectBy`, where it has one | at the deadline          |
 * |-------------------------|----------------------------------|--------------------------|
 * | connecting              | E0000000619, `neverSent`         | E0000000601, `neverSent` |
 * | waiting for a greeting  | E0000000601, `neverSent`         | E0000000601, `neverSent` |
 * | under way, or may be so | goes on                          | E0000000601              |
 *
 * @param limit the limit that has come, ms since the epoch
 * @param what what was asked for, for messages
 */
export function failureAt(
  limit: number,
  limits: TimeLimits,
  what: string,
  unsent: Unsent | undefined,
): MeshError | undefined {
  if (unsent) return unsentInTime(limits, what, unsent);
  return limit < limits.deadline ? undefined : new MeshError(MeshCode.TIMEOUT, `${what} was not answered in time`);
}

/**
 * What a call ends with that is given up: its caller's own reason, but where that is the time, and the call was not even sent. Then
 * it is the `cause`.
 */
export function failureOfGivingUp(
  reason: MeshError,
  limits: TimeLimits,
  what: string,
  unsent: Unsent | undefined,
): MeshError {
  return unsent && reason.code === MeshCode.TIMEOUT ? unsentInTime(limits, what, unsent, reason) : reason;
}

function unsentInTime(
  { connectBy }: TimeLimits,
  what: string,
  { stage, address }: Unsent,
  cause?: MeshError,
): MeshError {
  const options = { neverSent: true, cause };
  if (stage === 'greeting') {
    const message = `${what} was not sent in time: ${address} took the connection, and did not say that it takes calls`;
    return new MeshError(MeshCode.TIMEOUT, message, options);
  }
  if (connectBy === undefined) {
    const message = `${what} was not sent in time: still connecting to ${address}`;
    return new MeshError(MeshCode.TIMEOUT, message, options);
  }
  const message = `no connection to ${address}: it was not taken in time`;
  return new MeshError(MeshCode.ADDRESS_UNREACHABLE, message, options);
}
