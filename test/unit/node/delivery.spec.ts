import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Cancellation } from '../../../lib/context/cancellation.js';
import { MeshCode } from '../../../lib/errors/mesh-code.js';
import { MeshError } from '../../../lib/errors/mesh-error.js';
import { AddressList } from '../../../lib/node/partners/address-list.js';
import { deliver, type Repetition } from '../../../lib/node/delivery.js';
import { resolveMeshOptions } from '../../../lib/options/resolve-options.js';
import type { SessionWait } from '../../../lib/session/session-service.js';
import { bareAnswer } from '../../../lib/transport/answers.js';
import { freezeDate } from '../../support/frozen-date.js';
import { failureOf } from '../../support/transport-fixtures.js';

const notSent = new MeshError(MeshCode.ADDRESS_UNREACHABLE, 'nobody is there', { neverSent: true });
const lost = new MeshError(MeshCode.UNREACHABLE, 'lost');
const late = new MeshError(MeshCode.TIMEOUT, 'late');
const silent = new MeshError(MeshCode.TIMEOUT, 'not a word', { neverSent: true });

/** A node at the addresses a, b and c, of which each does in turn what its script says, and answers at the end of it. */
class ScriptedNode {
  readonly tried: string[] = [];
  readonly waits: SessionWait[] = [];
  private readonly addresses = new AddressList(['a', 'b', 'c']);

  constructor(private readonly script: Readonly<Record<string, MeshError[]>>) {}

  async deliver(repetition: Repetition = 'safe', wait: Partial<SessionWait> = {}): Promise<string> {
    this.tried.length = 0;
    const { partners } = resolveMeshOptions({ partners: [{ nodeId: 'LX2', address: 'a', timeoutMs: 1_000 }] }, {});
    const route = partners[0];
    if (!route) throw new Error('there is no route');
    const attempt = (address: string, given: SessionWait) => this.attempt(address, given);
    const whole = { deadline: Infinity, cancellation: new Cancellation(), ...wait };
    const { body } = await deliver({ route, addresses: this.addresses }, attempt, repetition, whole);
    return Buffer.from(body).toString();
  }

  private attempt(address: string, wait: SessionWait) {
    this.tried.push(address);
    this.waits.push(wait);
    const failure = this.script[address]?.shift();
    return failure ? Promise.reject(failure) : Promise.resolve(bareAnswer(Buffer.from(address)));
  }
}

describe('deliver', () => {
  it('tries that first which answered last', async () => {
    const node = new ScriptedNode({ a: [notSent] });
    expect(await node.deliver()).toBe('b');
    expect(node.tried).toEqual(['a', 'b']);
    expect(await node.deliver()).toBe('b');
    expect(node.tried).toEqual(['b']);
  });

  it('tries that first which answered last, though it is listed last and the others have rested', async () => {
    vi.useFakeTimers({ now: 1_000 });
    onTestFinished(() => void vi.useRealTimers());
    const node = new ScriptedNode({ a: [notSent], b: [notSent] });
    expect(await node.deliver()).toBe('c');
    vi.setSystemTime(100_000);
    expect(await node.deliver()).toBe('c');
    expect(node.tried).toEqual(['c']);
  });

  it.each<Repetition>(['safe', 'unsafe'])(
    'tries every address once where nothing is there (%s)',
    async (repetition) => {
      const node = new ScriptedNode({ a: [notSent], b: [notSent], c: [notSent] });
      const error = await failureOf(node.deliver(repetition));
      expect(node.tried).toEqual(['a', 'b', 'c']);
      expect(error).toMatchObject({ code: MeshCode.UNREACHABLE, neverSent: true });
      expect(error.message).toContain("the node 'LX2' cannot be reached: nobody is there; nobody is there");
    },
  );

  it('tries an address once more on which the connection was lost, after the others', async () => {
    const node = new ScriptedNode({ a: [lost], b: [notSent], c: [notSent] });
    expect(await node.deliver()).toBe('a');
    expect(node.tried).toEqual(['a', 'b', 'c', 'a']);
  });

  it('gives up when every address has failed twice', async () => {
    const many = (): MeshError[] => Array.from({ length: 9 }, () => lost);
    const node = new ScriptedNode({ a: many(), b: many(), c: many() });
    const error = await failureOf(node.deliver());
    expect(node.tried).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
    expect(error).toMatchObject({ code: MeshCode.UNREACHABLE, neverSent: false });
  });

  it('tries no address twice that is silent', async () => {
    const node = new ScriptedNode({ a: [late], b: [late], c: [late] });
    expect((await failureOf(node.deliver())).code).toBe(MeshCode.TIMEOUT);
    expect(node.tried).toEqual(['a', 'b', 'c']);
  });

  it.each([lost, late])('sends nothing twice whose repetition nobody would recognise', async (failure) => {
    const node = new ScriptedNode({ a: [failure] });
    expect(await failureOf(node.deliver('unsafe'))).toBe(failure);
    expect(node.tried).toEqual(['a']);
  });

  it('repeats nothing that was refused', async () => {
    const refused = new MeshError(MeshCode.NO_SERVICE, 'no such service');
    const node = new ScriptedNode({ a: [refused] });
    expect(await failureOf(node.deliver())).toBe(refused);
    expect(node.tried).toEqual(['a']);
  });

  it('stops when its caller gives up', async () => {
    const cancellation = new Cancellation();
    const reason = new MeshError(MeshCode.CANCELLED, 'gone');
    const node = new ScriptedNode({ a: [lost] });
    cancellation.cancel(reason);
    expect(await failureOf(node.deliver('safe', { cancellation }))).toBe(reason);
    expect(node.tried).toEqual(['a']);
  });

  it('goes on after an address that was silent before anything was sent, and says so in the end', async () => {
    const node = new ScriptedNode({ a: [silent] });
    expect(await node.deliver('unsafe')).toBe('b');
    const all = new ScriptedNode({ a: [notSent], b: [silent], c: [silent] });
    expect(await failureOf(all.deliver('unsafe'))).toMatchObject({ code: MeshCode.TIMEOUT, neverSent: true });
  });

  it('says at the deadline of its caller that nobody is there', async () => {
    const node = new ScriptedNode({ a: [notSent] });
    const unreachable = { code: MeshCode.UNREACHABLE, neverSent: true };
    expect(await failureOf(node.deliver('safe', { deadline: Date.now() - 1 }))).toMatchObject(unreachable);
    expect(node.tried).toEqual(['a']);
  });

  it('says so, too, when the caller gave up for want of time', async () => {
    const cancellation = new Cancellation();
    cancellation.cancel(late);
    const node = new ScriptedNode({ a: [notSent] });
    expect((await failureOf(node.deliver('safe', { cancellation }))).code).toBe(MeshCode.UNREACHABLE);
    expect(node.tried).toEqual(['a']);
  });

  it('tries an address later that was silent until the deadline', async () => {
    const node = new ScriptedNode({ a: [late] });
    await failureOf(node.deliver('safe', { deadline: Date.now() - 1 }));
    expect(await node.deliver()).toBe('b');
  });

  it('gives each address its share of the time for connecting, and time is left for the call', async () => {
    vi.useFakeTimers({ now: 0 });
    onTestFinished(() => void vi.useRealTimers());
    const node = new ScriptedNode({ a: [notSent], b: [notSent] });
    await node.deliver('safe', { deadline: 300 });
    expect(node.waits.map(({ connectBy }) => connectBy)).toEqual([80, 120, 240]);
    await node.deliver('safe', { deadline: Infinity });
    expect(node.waits.at(-1)?.connectBy).toBe(800);
  });

  it('stops at the deadline of its caller', async () => {
    const node = new ScriptedNode({ a: [late] });
    expect(await failureOf(node.deliver('safe', { deadline: Date.now() - 1 }))).toBe(late);
    expect(node.tried).toEqual(['a']);
  });

  it('bounds each attempt by the time of the route and the deadline of the caller', async () => {
    const node = new ScriptedNode({});
    const start = freezeDate();
    await node.deliver();
    await node.deliver('safe', { deadline: start + 10 });
    const [first, second] = node.waits.map(({ deadline }) => deadline - start);
    expect([first, second]).toEqual([1_000, 10]);
  });
});
