import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../../lib/errors/mesh-error.js';
import { RouteStatus } from '../../../../lib/node/partners/partner-route.js';
import { carriedTo, type Side, sideOf, type Tell } from '../../../support/administration-fixtures.js';
import { caught } from '../../../support/caught.js';

const { CONNECTED, WEAVED, BY_HAND, ASKING, APPROVING, DISABLED, REJECTED, REMOVED } = RouteStatus;

/** Two nodes that reach each other. */
function pair(): { readonly a: Side; readonly b: Side } {
  const a: Side = sideOf(
    'LXA',
    carriedTo(() => b),
  );
  const b: Side = sideOf(
    'LXB',
    carriedTo(() => a),
  );
  return { a, b };
}

const toA = { node_id: 'LXA', address: 'a:7304' };
const toB = { node_id: 'LXB', address: 'b:7304' };

function codeAt(side: Side, nodeId: string): string {
  return side.partners.route(nodeId)!.details.authCode;
}

function isCalled(side: Side, nodeId: string): unknown {
  try {
    return side.partners.find({ nodeId }).route.nodeId;
  } catch (error) {
    return (error as MeshError).code;
  }
}

describe('weaving', () => {
  it('takes the request of the one side and the consent of the other', async () => {
    const { a, b } = pair();
    await a.weaving.ask(toB, 'operator:1');
    expect([a.status('LXB'), b.status('LXA')]).toEqual([ASKING | CONNECTED, APPROVING]);
    expect([isCalled(a, 'LXB'), isCalled(b, 'LXA')]).toEqual(['E0000000618', 'E0000000618']);
    expect(b.partners.route('lxa')).toMatchObject({
      addresses: ['LXA:7304'],
      instId: 'LXA-inst',
      origin: 'administration',
    });
    expect(b.partners.route('lxa')!.details).toMatchObject({ name: 'LXA', guestRoot: 'root of LXA' });
    expect(codeAt(b, 'LXA')).toBe(codeAt(a, 'LXB'));
    expect(codeAt(a, 'LXB')).toMatch(/^[\w-]{43}$/);

    await b.weaving.consent({ node_id: 'lxa' }, 'operator:2');
    expect([a.status('LXB'), b.status('LXA')]).toEqual([WEAVED | CONNECTED, WEAVED | CONNECTED]);
    expect([isCalled(a, 'LXB'), isCalled(b, 'LXA')]).toEqual(['LXB', 'LXA']);
    expect(a.partners.route('LXB')!.details).toMatchObject({ name: 'LXB', guestRoot: 'root of LXB' });
  });

  it('logs who did what to which node, and no secret', async () => {
    const { a, b } = pair();
    await a.weaving.ask(toB, 'operator:1');
    const code = codeAt(a, 'LXB');
    await b.weaving.consent({ node_id: 'LXA' }, 'operator:2');
    expect(a.logged).toEqual([
      'asks the node LXB to weave, by operator:1',
      'is woven with the node LXB, which has consented, by a:1',
    ]);
    expect(b.logged).toEqual([
      'is asked by the node LXA to weave, and waits for an operator, by a:1',
      'is woven with the node LXA, which had asked, by operator:2',
    ]);
    expect([...a.logged, ...b.logged].join()).not.toContain(code);
  });

  it('may be said again: nothing changes', async () => {
    const { a, b } = pair();
    await a.weaving.ask(toB, 'o:1');
    const code = codeAt(a, 'LXB');
    await a.weaving.ask(toB, 'o:1');
    expect([codeAt(a, 'LXB'), codeAt(b, 'LXA')]).toEqual([code, code]);
    await b.weaving.consent({ node_id: 'LXA' }, 'o:2');
    await b.weaving.consent({ node_id: 'LXA' }, 'o:2');
    await a.weaving.ask({ node_id: 'LXB' }, 'o:1');
    expect([a.status('LXB'), b.status('LXA')]).toEqual([WEAVED | CONNECTED, WEAVED | CONNECTED]);
    expect([a.told.length, b.told.length]).toEqual([2, 1]);
  });

  it('goes on where the answer was lost', async () => {
    const lost = (way: Tell): Tell => {
      let losses = 1;
      return async (...what) => {
        const answer = await way(...what);
        if (losses-- > 0) throw new MeshError('E0000000607', 'lost');
        return answer;
      };
    };
    const a: Side = sideOf('LXA', lost(carriedTo(() => b)));
    const b: Side = sideOf('LXB', lost(carriedTo(() => a)));
    expect(await caught(a.weaving.ask(toB, 'o:1'))).toMatchObject({ code: 'E0000000607' });
    expect([a.status('LXB'), b.status('LXA')]).toEqual([ASKING, APPROVING]);
    await a.weaving.ask({ node_id: 'LXB' }, 'o:1');
    expect(await caught(b.weaving.consent({ node_id: 'LXA' }, 'o:2'))).toMatchObject({ code: 'E0000000607' });
    expect([a.status('LXB'), b.status('LXA')]).toEqual([WEAVED | CONNECTED, APPROVING]);
    await b.weaving.consent({ node_id: 'LXA' }, 'o:2');
    expect(b.status('LXA')).toBe(WEAVED | CONNECTED);
  });

  it.each([
    ['nothing', undefined, undefined],
    ['a route by hand', { node_id: 'LXB', address: 'b:1', describe: 'as before' }, WEAVED | BY_HAND],
  ])('leaves %s as it was when the node refuses', async (_, route, status) => {
    const a = sideOf('LXA', async () => ({ code: 'E0000000617', message: 'what is that?' }));
    if (route) await a.routes.refresh([route], 'o:1');
    const before = a.partners.route('LXB');
    expect(await caught(a.weaving.ask({ ...toB, describe: 'new' }, 'o:1'))).toMatchObject({
      code: 'E0000000617',
      message: "the node 'LXB' refuses: what is that?",
    });
    expect(a.status('LXB')).toBe(status);
    expect(a.partners.route('LXB')).toEqual(before);
  });

  it('asks also a partner that was entered by hand, which stays one meanwhile', async () => {
    const { a, b } = pair();
    await a.routes.refresh([toB], 'o:1');
    await a.weaving.ask({ node_id: 'LXB' }, 'o:1');
    expect(a.status('LXB')).toBe(WEAVED | BY_HAND | ASKING | CONNECTED);
    expect(isCalled(a, 'LXB')).toBe('LXB');
    await b.weaving.consent({ node_id: 'LXA' }, 'o:2');
    expect(a.status('LXB')).toBe(WEAVED | BY_HAND | CONNECTED);
  });

  it('consents at another address when the operator says so', async () => {
    const { a, b } = pair();
    await a.weaving.ask(toB, 'o:1');
    await b.weaving.consent({ ...toA, address: 'elsewhere:1' }, 'o:2');
    expect(b.told[0]![0].addresses).toEqual(['elsewhere:1']);
    expect(b.partners.route('LXA')!.addresses).toEqual(['elsewhere:1']);
  });

  it('keeps what is disabled disabled', async () => {
    const { a, b } = pair();
    await a.weaving.ask(toB, 'o:1');
    await a.routes.switch('LXB', 'off', 'o:1');
    await b.weaving.consent({ node_id: 'LXA' }, 'o:2');
    expect(a.status('LXB')).toBe(WEAVED | CONNECTED | DISABLED);
    await a.routes.switch('LXB', 'on', 'o:1');
    expect(a.status('LXB')).toBe(WEAVED | CONNECTED);
  });

  it.each<readonly [what: string, act: (a: Side, b: Side) => Promise<unknown>, code: string]>([
    ['without an address', (a) => a.weaving.ask({ node_id: 'LXB' }, 'o'), 'E0000000400'],
    ['with oneself', (a) => a.weaving.ask({ node_id: 'lxa', address: 'a:1' }, 'o'), 'E0000000400'],
    ['with a code that could be guessed', (a) => a.weaving.ask({ ...toB, auth_code: '12345' }, 'o'), 'E0000000400'],
    [
      'with who has asked already',
      async (a, b) => (await b.weaving.ask(toA, 'o'), a.weaving.ask(toB, 'o')),
      'E0000000614',
    ],
    ['consenting to a node that nobody knows', (a) => a.weaving.consent({ node_id: 'LXB' }, 'o'), 'E0000000618'],
    [
      'consenting to what this side has asked itself',
      async (a) => (await a.weaving.ask(toB, 'o'), a.weaving.consent({ node_id: 'LXB' }, 'o')),
      'E0000000614',
    ],
  ])('refuses %s', async (_, act, code) => {
    const { a, b } = pair();
    expect(await caught(act(a, b))).toMatchObject({ code });
  });
});

const code = 'a code of sixteen characters, or more';
const request = { node_id: 'LXA', inst_id: 'JGA', address: 'a:7304', auth_code: code };

/** A node which another one asks. */
function asked(): Side {
  return sideOf('LXB', async () => ({ code: 'E0000000000' }));
}

describe('requests of strangers to weave', () => {
  it('wait, whatever else they say, with none of the keys and bits that they bring', async () => {
    const side = asked();
    await side.requests.asked(
      { ...request, status: 3, host_key: 'key', guest_key: 'key', version: 7, extra: 'x' },
      'a:1',
    );
    const { details } = side.partners.route('LXA')!;
    expect(details).toMatchObject({ status: APPROVING, hostKey: '', guestKey: '', version: 0, extra: '' });
    expect(side.told).toEqual([]);
  });

  it('change no route that there is', async () => {
    for (const status of [WEAVED | BY_HAND, ASKING, APPROVING, DISABLED, REJECTED]) {
      const side = asked();
      await side.routes.refresh([{ ...toA, address: 'right:1', auth_code: `${code}!`, status }], 'o');
      const before = side.partners.route('LXA');
      const error = await caught(side.requests.asked({ ...request, address: 'wrong:1' }, 'a:1'));
      expect(error.code).toMatch(/E0000000(614|403|606)/);
      expect(side.partners.route('LXA')).toEqual(before);
    }
  });

  it('stay apart from routes to the same institution', async () => {
    const side = asked();
    await side.routes.refresh([{ node_id: 'LXC', inst_id: 'JGA', address: 'c:1', status: DISABLED }], 'o');
    await side.requests.asked(request, 'a:1');
    expect(() => side.partners.find({ instId: 'JGA' })).toThrow('disabled');
  });

  it('are few', async () => {
    const side = asked();
    for (let count = 0; count < 64; count++) {
      await side.requests.asked({ ...request, node_id: `LX${count}` }, 'a:1');
      side.pass(2_000);
    }
    expect(await caught(side.requests.asked(request, 'a:1'))).toMatchObject({ code: 'E0000000700' });
    await side.routes.refresh([{ node_id: 'LX5', status: REMOVED }], 'o');
    side.pass(2_000);
    await side.requests.asked(request, 'a:1');
    expect(side.partners.list()).toHaveLength(64);
  });

  it('are slow to come, also when they say nothing new', async () => {
    const side = asked();
    for (let count = 0; count < 30; count++) await side.requests.asked(request, 'a:1');
    expect(await caught(side.requests.asked(request, 'a:1'))).toMatchObject({ code: 'E0000000700' });
  });

  it('are as slow to come with consent, right and wrong ones', async () => {
    const side = asked();
    const ask = () => caught(side.requests.consented({ node_id: 'LX9', auth_code: code }, 'a:1'));
    for (let count = 0; count < 30; count++) expect(await ask()).toMatchObject({ code: 'E0000000403' });
    expect(await ask()).toMatchObject({ code: 'E0000000700' });
    side.pass(2_000);
    expect(await ask()).toMatchObject({ code: 'E0000000403' });
    expect(await ask()).toMatchObject({ code: 'E0000000700' });
  });

  it.each<readonly [what: string, request: unknown, message: RegExp]>([
    ['nothing', undefined, /route must be an object/],
    ['a list', [request], /route must be an object/],
    ['no code', { ...request, auth_code: '' }, /auth_code must be 16 to 512 characters, got 0/],
    ['no node', { ...request, node_id: '' }, /route\.node_id/],
    ['a node of no form', { ...request, node_id: '../x' }, /route\.node_id/],
    ['this very node', { ...request, node_id: 'lxb' }, /this node itself/],
    ['no address', { ...request, address: '' }, /address/],
    ['an address that is none', { ...request, address: 'a b:x' }, /route\.address/],
    ['a certificate of 1 MiB', { ...request, root_crt: 'x'.repeat(1_048_576) }, /root_crt must be a text of at most/],
    ['a description of 1 MiB', { ...request, describe: 'x'.repeat(1_048_576) }, /describe must be a text of at most/],
  ])('refuse %s', async (_, value, message) => {
    const side = asked();
    const error = await caught(side.requests.asked(value, 'a:1'));
    expect(error.code).toBe('E0000000400');
    expect(error.message).toMatch(message);
    expect(error.message.length).toBeLessThan(400);
    expect(side.partners.list()).toEqual([]);
  });

  it.each<readonly [what: string, consent: Record<string, unknown>]>([
    ['with another code', { node_id: 'LXA', auth_code: `${code}!` }],
    ['without a code', { node_id: 'LXA' }],
    ['of another node', { node_id: 'LXC', auth_code: code }],
  ])('believe no consent %s', async (_, consent) => {
    const side = asked();
    await side.weaving.ask({ node_id: 'LXA', address: 'a:1', auth_code: code }, 'o');
    const error = await caught(side.requests.consented(consent, 'evil:1'));
    expect(error).toMatchObject({
      code: 'E0000000403',
      message: 'nothing was asked that this could be the consent to',
    });
    expect(side.status('LXA')).toBe(ASKING | CONNECTED);
    expect(side.logged.at(-1)).toBe('refused: the consent to what was not asked, by evil:1');
  });

  it('believe no consent to what waits for an operator here', async () => {
    const side = asked();
    await side.requests.asked(request, 'a:1');
    expect(await caught(side.requests.consented(request, 'a:1'))).toMatchObject({ code: 'E0000000403' });
    expect(side.status('LXA')).toBe(APPROVING);
  });

  it('have no code where a route was entered by hand', async () => {
    const side = asked();
    await side.routes.refresh([toA], 'o');
    expect(await caught(side.requests.consented({ node_id: 'LXA', auth_code: '' }, 'a:1'))).toMatchObject({
      code: 'E0000000403',
    });
  });
});
