import type { CallTarget } from './registry.js';

/** Whom a call is for, or whose an instance is: lower-case ids, empty where nothing is said. */
export interface PartyKey {
  readonly nodeId: string;
  readonly instId: string;
}

/** Ids compare without case. */
export function partyKey(party: Pick<CallTarget, 'nodeId' | 'instId'>): PartyKey {
  return { nodeId: (party.nodeId ?? '').toLowerCase(), instId: (party.instId ?? '').toLowerCase() };
}

/** Whom a call is for. A target that is this very node, in whole or in the part that it names, is like no target at all. */
export function calleeOf(target: CallTarget, own: PartyKey): PartyKey {
  const asked = partyKey(target);
  return isWithin(asked, own) ? own : asked;
}

/**
 * Whether what belongs to `owner` may serve a call for `callee`. What the owner leaves open admits any callee; what it says
 * must not be contradicted, and at least one of its ids must be the callee's.
 */
export function admits(owner: PartyKey, callee: PartyKey): boolean {
  if (!isRestricted(owner)) return true;
  const node = compare(owner.nodeId, callee.nodeId);
  const inst = compare(owner.instId, callee.instId);
  return node !== 'differs' && inst !== 'differs' && (node === 'same' || inst === 'same');
}

/** Whether an owner says whose it is. */
export function isRestricted(owner: PartyKey): boolean {
  return owner.nodeId !== '' || owner.instId !== '';
}

/** Whether each id asked for, if any, is the own one. */
function isWithin(asked: PartyKey, own: PartyKey): boolean {
  return compare(asked.nodeId, own.nodeId) !== 'differs' && compare(asked.instId, own.instId) !== 'differs';
}

function compare(a: string, b: string): 'same' | 'differs' | 'open' {
  if (a === '' || b === '') return 'open';
  return a === b ? 'same' : 'differs';
}
