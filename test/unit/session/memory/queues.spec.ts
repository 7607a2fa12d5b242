import { beforeEach, describe, expect, it } from 'vitest';
import { Queues } from '../../../../lib/session/memory/queues.js';

describe('the queues of a session', () => {
  const [a, b, c] = [{ topic: 'a' }, { topic: 'b' }, { topic: 'c' }];
  let queues: Queues<{ topic: string }>;

  beforeEach(() => {
    queues = new Queues();
    for (const queue of [a, b, c]) queues.add(queue);
  });

  it('are found by their topics', () => {
    expect(queues.size).toBe(3);
    expect([...queues]).toEqual([a, b, c]);
    for (const queue of [a, b, c]) expect(queues.get(queue.topic)).toBe(queue);
    expect(queues.get('d')).toBeUndefined();
  });

  it('come and go in any order', () => {
    queues.remove(a);
    expect(queues.get('a')).toBeUndefined();
    expect([...queues]).toEqual([b, c]);
    const d = { topic: 'd' };
    queues.add(d);
    queues.remove(b);
    queues.add(a);
    expect(new Set(queues)).toEqual(new Set([a, c, d]));
    expect(queues.size).toBe(3);
    expect(queues.get('a')).toBe(a);
  });

  it('may go while they are looked through', () => {
    for (const queue of queues) queues.remove(queue);
    expect(queues.size).toBe(0);
    expect([...queues]).toEqual([]);
  });
});
