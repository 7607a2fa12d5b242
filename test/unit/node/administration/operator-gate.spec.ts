import { describe, expect, it } from 'vitest';
import { type GatedCall, OperatorGate } from '../../../../lib/node/administration/operator-gate.js';
import type { ServedArea } from '../../../../lib/options/listen-options.js';

const TOKEN = 'a-token-of-the-operator';

interface Came {
  readonly side?: 'inner' | 'outer' | 'self';
  readonly areas?: readonly ServedArea[];
  readonly headers?: Record<string, string>;
  readonly attachments?: Record<string, string>;
}

function call({ side, areas = ['administration'], headers = {}, attachments }: Came): GatedCall {
  const scope = side && { side, areas: new Set(areas) };
  return { head: { headers, ...(scope && { scope }) }, ...(attachments && { attachments }) };
}

function isAdmitted(admit: () => void): boolean {
  try {
    admit();
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'E0000000403' });
    expect(String(error)).not.toContain(TOKEN);
    return false;
  }
}

const bearer = { authorization: `Bearer ${TOKEN}` };

describe('the gate before administration', () => {
  it.each<readonly [what: string, token: string, came: Came, admitted: boolean]>([
    ['what this process calls', TOKEN, { side: 'self' }, true],
    ['what came nobody knows where', '', {}, false],
    ['the inner side without a token', '', { side: 'inner' }, true],
    ['the inner side that does not serve it', '', { side: 'inner', areas: ['weaving'] }, false],
    ['the inner side, with a token, to who shows none', TOKEN, { side: 'inner' }, false],
    ['the inner side to who shows it', TOKEN, { side: 'inner', headers: bearer }, true],
    ['the outer side without a token', '', { side: 'outer' }, false],
    ['the outer side without a token to who shows one', '', { side: 'outer', headers: { 'x-ptp-token': '' } }, false],
    ['the outer side to who shows none', TOKEN, { side: 'outer' }, false],
    ['the outer side to who shows it', TOKEN, { side: 'outer', headers: bearer }, true],
    ['any case of Bearer', TOKEN, { side: 'outer', headers: { authorization: `bearer  ${TOKEN}` } }, true],
    ['the other header', TOKEN, { side: 'outer', headers: { 'x-ptp-token': TOKEN } }, true],
    ['an attachment of RPC', TOKEN, { side: 'outer', attachments: bearer }, true],
    ['the other attachment', TOKEN, { side: 'outer', attachments: { 'x-ptp-token': TOKEN } }, true],
    ['a part of it', TOKEN, { side: 'outer', headers: { 'x-ptp-token': TOKEN.slice(0, -1) } }, false],
    ['more than it', TOKEN, { side: 'outer', headers: { 'x-ptp-token': `${TOKEN}x` } }, false],
    ['another case of it', TOKEN, { side: 'outer', headers: { 'x-ptp-token': TOKEN.toUpperCase() } }, false],
    ['another scheme', TOKEN, { side: 'outer', headers: { authorization: `Basic ${TOKEN}` } }, false],
    ['two of them', TOKEN, { side: 'outer', headers: { authorization: `Bearer x, Bearer ${TOKEN}` } }, false],
  ])('for %s', (_, token, came, admitted) => {
    const gate = new OperatorGate(token);
    expect(isAdmitted(() => gate.admit(call(came)))).toBe(admitted);
    expect(gate.isOperator(call(came))).toBe(admitted);
  });

  it.each<readonly [what: string, token: string, came: Came, admitted: boolean]>([
    ['this process', TOKEN, { side: 'self' }, true],
    ['nobody of whom nothing is known', '', {}, false],
    ['everybody at the inner side, with a token too', TOKEN, { side: 'inner' }, true],
    ['nobody at the outer side without one', '', { side: 'outer' }, false],
    ['nobody at the outer side who shows none', TOKEN, { side: 'outer' }, false],
    ['who shows it there', TOKEN, { side: 'outer', headers: bearer }, true],
  ])('admits to the registry %s', (_, token, came, admitted) => {
    expect(isAdmitted(() => new OperatorGate(token).admitToRegistry(call(came)))).toBe(admitted);
  });

  const marked = { 'mesh.net.weave': 'guest' };
  it.each<readonly [what: string, token: string, came: Came, caller: 'operator' | 'partner' | undefined]>([
    ['this process is the operator', TOKEN, { side: 'self' }, 'operator'],
    ['nobody knows who', '', {}, undefined],
    ['the inner side is, without a token', '', { side: 'inner' }, 'operator'],
    ['who shows the token is', TOKEN, { side: 'outer', headers: bearer }, 'operator'],
    ['where nodes may not ask, nobody else calls', TOKEN, { side: 'outer' }, undefined],
    [
      'where they may, everybody else is one',
      TOKEN,
      { side: 'outer', areas: ['weaving', 'administration'] },
      'partner',
    ],
    ['where nothing else is served, too', '', { side: 'outer', areas: ['weaving'] }, 'partner'],
    [
      'the token proves nothing there',
      TOKEN,
      { side: 'outer', areas: ['weaving'], headers: { 'x-ptp-token': TOKEN } },
      'partner',
    ],
    [
      'a wrong token is no node',
      TOKEN,
      { side: 'outer', areas: ['weaving', 'administration'], headers: { authorization: 'Bearer x' } },
      undefined,
    ],
    [
      'a node is never taken for the operator',
      '',
      { side: 'inner', areas: ['weaving', 'administration'], headers: marked },
      'partner',
    ],
    [
      'not with the token either',
      TOKEN,
      { side: 'outer', areas: ['weaving'], headers: { ...bearer, ...marked } },
      'partner',
    ],
    [
      'nor when it says so beside the arguments',
      '',
      { side: 'inner', areas: ['weaving'], attachments: marked },
      'partner',
    ],
    ['and may not ask where that is not served', '', { side: 'inner', headers: marked }, undefined],
  ])('knows who weaves: %s', (_, token, came, caller) => {
    let found: string | undefined;
    isAdmitted(() => {
      found = new OperatorGate(token).callerOf('weave', call(came));
    });
    expect(found).toBe(caller);
  });
});
