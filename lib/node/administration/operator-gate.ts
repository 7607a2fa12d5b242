import { createHash, timingSafeEqual } from 'node:crypto';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { InboundHead, WireHeaders } from '../../transport/transport.js';

/** Who makes a call of weaving: the operator of this node, or the node of somebody who is, or wants to be, a partner. */
export type Caller = 'operator' | 'partner';

/** The two calls of weaving. */
export type WeavingStep = 'weave' | 'ack';

/** What a gate sees of a call. */
export interface GatedCall {
  readonly head: Pick<InboundHead, 'headers' | 'scope'>;
  /** What travels beside the arguments of RPC, by lower-case name. */
  readonly attachments?: WireHeaders;
}

/** What a node says with a call of weaving, so that it is never taken for its operator; the name is {@link markOf}'s. */
export const NODE_MARK = 'guest';

/** The header, and the attachment, by which a node marks a call of weaving. The reference node has the same. */
export function markOf(step: WeavingStep): string {
  return `mesh.net.${step}`;
}

/**
 * Tells operators from everybody else. What this very process calls is its operator's. What came nobody knows where is nobody's. At the inner side everybody is an
 * operator unless there is a token; at the outer side only who shows it, in `authorization: Bearer …` or `x-ptp-token`, as a
 * header or as an attachment of RPC.
 */
export class OperatorGate {
  private readonly expected: Buffer | undefined;

  /** @param token empty for none */
  constructor(token: string) {
    this.expected = token === '' ? undefined : digestOf(token);
  }

  /** Admits operators to administration. @throws MeshError E0000000403 for everybody else */
  admit(call: GatedCall): void {
    if (!this.isOperator(call)) throw refused();
  }

  /**
   * Admits to the registry: at the inner side every application, since the SDKs know no token; at the outer side operators.
   * @throws MeshError E0000000403 for everybody else
   */
  admitToRegistry(call: GatedCall): void {
    const { scope } = call.head;
    const isInside = scope?.side === 'inner' || scope?.side === 'self';
    if (!isInside && !this.shows(call)) throw refused();
  }

  /**
   * Who makes a call of weaving.
   * @throws MeshError E0000000403 for who is no operator where nodes may not ask
   */
  callerOf(step: WeavingStep, call: GatedCall): Caller {
    const { scope, headers } = call.head;
    const mark = headers[markOf(step)] ?? call.attachments?.[markOf(step)];
    if (mark === undefined && this.isOperator(call)) return 'operator';
    // A wrong token is an operator's mistake: nodes are not asked for any.
    const isMistaken = mark === undefined && headers['authorization'] !== undefined;
    if (isMistaken || !scope?.areas.has('weaving')) throw refused();
    return 'partner';
  }

  /** Whether it is the operator of this node who calls. */
  isOperator(call: GatedCall): boolean {
    const { scope } = call.head;
    if (!scope?.areas.has('administration')) return false;
    if (scope.side === 'self') return true;
    return (scope.side === 'inner' && !this.expected) || this.shows(call);
  }

  private shows({ head: { headers }, attachments }: GatedCall): boolean {
    const { expected } = this;
    if (!expected) return false;
    const shown = [headers, attachments].flatMap((from) => (from ? tokensIn(from) : []));
    return shown.some((token) => timingSafeEqual(digestOf(token), expected));
  }
}

/** Of `Bearer `. */
const SCHEME_LENGTH = 7;

function tokensIn(from: WireHeaders): readonly string[] {
  const { authorization = '', 'x-ptp-token': token = '' } = from;
  return [/^bearer /i.test(authorization) ? authorization.slice(SCHEME_LENGTH).trim() : '', token];
}

/** Of one length, whatever the length of the token. */
function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function refused(): MeshError {
  const message = 'administration needs a token: authorization: Bearer …, or x-ptp-token';
  return new MeshError(MeshCode.FORBIDDEN, message);
}
