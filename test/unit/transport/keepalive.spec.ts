import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Keepalive, type KeepaliveTiming, type Pingable } from '../../../lib/transport/keepalive.js';

const TIMING = { keepaliveTimeMs: 100, keepaliveTimeoutMs: 30 };

/** A connection that answers when it is told to. */
class Connection implements Pingable {
  bytesRead = 0;
  awaited = true;
  readonly asked: (() => void)[] = [];
  givenUp: string | undefined;

  ping(answered: () => void): void {
    this.asked.push(answered);
  }

  giveUp(why: string): void {
    this.givenUp = why;
  }

  answer(): void {
    this.bytesRead += 8;
    this.asked.at(-1)?.();
  }
}

describe('the keepalive of a connection', () => {
  let connection: Connection;
  let keepalive: Keepalive;

  const watch = (timing: Partial<KeepaliveTiming> = {}): void => {
    keepalive = new Keepalive(connection, { ...TIMING, ...timing });
  };

  beforeEach(() => {
    vi.useFakeTimers();
    connection = new Connection();
  });

  afterEach(() => {
    keepalive.stop();
    vi.useRealTimers();
  });

  it('asks one that is silent while somebody waits', () => {
    watch();
    vi.advanceTimersByTime(99);
    expect(connection.asked).toHaveLength(0);
    vi.advanceTimersByTime(1);
    expect(connection.asked).toHaveLength(1);
  });

  it('asks none for which nobody waits, and none that speaks', () => {
    watch();
    connection.awaited = false;
    vi.advanceTimersByTime(1_000);
    connection.awaited = true;
    for (let i = 0; i < 20; i++) {
      connection.bytesRead++;
      vi.advanceTimersByTime(50);
    }
    expect(connection.asked).toHaveLength(0);
  });

  it('gives up one that does not answer, and says so', () => {
    watch();
    vi.advanceTimersByTime(129);
    expect(connection.givenUp).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(connection.givenUp).toBe('no answer to a ping within 30 ms');
  });

  it('keeps one that answers, and asks it again', () => {
    watch();
    for (let asked = 1; asked <= 5; asked++) {
      vi.advanceTimersByTime(100);
      expect(connection.asked).toHaveLength(asked);
      connection.answer();
    }
    expect(connection.givenUp).toBeUndefined();
  });

  it('keeps one that says something else before it answers', () => {
    watch();
    vi.advanceTimersByTime(110);
    connection.bytesRead += 100_000;
    vi.advanceTimersByTime(40);
    expect(connection.givenUp).toBeUndefined();
    vi.advanceTimersByTime(200);
    expect(connection.givenUp).toBeDefined();
  });

  it('asks no more than the peer puts up with, and again once it has spoken', () => {
    watch({ patience: { pings: 2, thenEveryMs: 10_000 } });
    let count = 0;
    const pass = (ms: number): void => {
      for (let passed = 0; passed < ms; passed += 10) {
        vi.advanceTimersByTime(10);
        if (connection.asked.length === count) continue;
        count = connection.asked.length;
        connection.answer();
      }
    };
    pass(1_000);
    expect(count).toBe(2);
    connection.bytesRead++;
    pass(1_000);
    expect(count).toBe(4);
    pass(11_000);
    expect(count).toBe(5);
  });

  it('asks no more once it is stopped', () => {
    watch();
    vi.advanceTimersByTime(100);
    keepalive.stop();
    vi.advanceTimersByTime(1_000);
    expect(connection.asked).toHaveLength(1);
    expect(connection.givenUp).toBeUndefined();
  });
});
