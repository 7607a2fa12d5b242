import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SessionTable } from '../../../../lib/session/memory/session-table.js';
import { MessageQueue } from '../../../../lib/session/memory/message-queue.js';

describe('SessionTable', () => {
  const IDLE_MS = 1_000;
  let expired: string[];
  let table: SessionTable;

  beforeEach(() => {
    vi.useFakeTimers();
    expired = [];
    table = new SessionTable({
      maxSessions: 5_000,
      idleTimeoutMs: IDLE_MS,
      expire: ({ id }) => expired.push(id),
    });
  });
  afterEach(() => {
    table.close();
    vi.useRealTimers();
  });

  it('lets sessions expire in the order of their last use, each when its time has come', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((id) => table.open(id));
    vi.advanceTimersByTime(400);
    table.touch(a!);
    vi.advanceTimersByTime(200);
    table.touch(c!);
    vi.advanceTimersByTime(399);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(expired).toEqual(['b']);
    vi.advanceTimersByTime(400);
    expect(expired).toEqual(['b', 'a']);
    vi.advanceTimersByTime(200);
    expect(expired).toEqual(['b', 'a', 'c']);
    expect([table.size, b!.ended]).toEqual([0, true]);
  });

  it('lets those that hold something expire in the same order as those that do not', () => {
    for (const id of ['a', 'b', 'c', 'd']) {
      const session = table.open(id);
      if (id === 'b' || id === 'c') session.queues.add(new MessageQueue(session, ''));
      table.touch(session);
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(IDLE_MS);
    expect(expired).toEqual(['a', 'b', 'c', 'd']);
  });

  it('has one timer for all of them, and none without any', () => {
    expect(vi.getTimerCount()).toBe(0);
    for (let i = 0; i < 1_000; i++) table.open(`${i}`);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(IDLE_MS + 5);
    expect(vi.getTimerCount()).toBe(0);
    table.open('later');
    expect(vi.getTimerCount()).toBe(1);
    table.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lets others have their turn while many expire', () => {
    for (let i = 0; i < 2_500; i++) table.open(`${i}`);
    vi.advanceTimersByTime(IDLE_MS);
    expect(expired).toHaveLength(1_000);
    vi.advanceTimersByTime(1);
    expect(expired).toHaveLength(2_000);
    vi.advanceTimersByTime(1);
    expect(expired).toHaveLength(2_500);
  });

  it('does not let one expire whose operations are under way', () => {
    const session = table.open('a');
    session.operations++;
    table.touch(session);
    vi.advanceTimersByTime(10 * IDLE_MS);
    session.operations--;
    table.touch(session);
    vi.advanceTimersByTime(IDLE_MS - 1);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(expired).toEqual(['a']);
  });

  it('does not touch what has ended', () => {
    const session = table.open('a');
    table.remove(session);
    table.touch(session);
    expect([session.list, table.find('a')]).toEqual([undefined, undefined]);
    expect(table.open('a')).not.toBe(session);
  });
});
