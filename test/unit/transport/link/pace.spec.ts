import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BYTES_PER_MS,
  LEAST_UNDER_WAY,
  MOST_UNDER_WAY,
  Pace,
  UNPACED_BYTES,
} from '../../../../lib/transport/link/pace.js';

const ENDLESS = 100 * UNPACED_BYTES;
const PIECE = 128 * 1024;

/** Large messages without end on a way that takes a given time. */
class Flow {
  now = 0;
  private readonly marks: number[] = [];
  private readonly pace = new Pace(() => this.now);

  /** Sends as much as may be sent. @returns how much */
  send(): number {
    let bytes = 0;
    while (this.pace.room(ENDLESS) > 0) {
      this.note(this.pace.probe);
      this.note(this.pace.gotSent(PIECE));
      bytes += PIECE;
    }
    return bytes;
  }

  /** Sends as much as may be under way after marks were answered, each so many ms after it was sent. @returns how much is under way then */
  after(ms: number): number {
    const marks = this.marks.splice(0);
    this.now += ms;
    for (const mark of marks) this.pace.gotAnswer(mark);
    return this.send();
  }

  private note(mark: number | undefined): void {
    if (mark !== undefined) this.marks.push(mark);
  }
}

describe('the pace of large messages', () => {
  it('is free while they are few', () => {
    const pace = new Pace();
    expect(pace.room(UNPACED_BYTES)).toBe(Infinity);
    expect(pace.probe).toBeUndefined();
    expect(pace.gotSent(UNPACED_BYTES)).toBeUndefined();
    expect(pace.room(UNPACED_BYTES + 1)).toBe(LEAST_UNDER_WAY);
  });

  it('tells what the way took last, for whoever asked', () => {
    let now = 0;
    const pace = new Pace(() => now);
    const first = pace.asked;
    expect(pace.lastMs).toBeUndefined();
    now = 5;
    const second = pace.asked;
    now = 7;
    pace.gotAnswer(first);
    expect(pace.lastMs).toBe(7);
    now = 8;
    pace.gotAnswer(second);
    pace.gotAnswer(second);
    expect(pace.lastMs).toBe(3);
  });

  it('is held until they have been sent', () => {
    const pace = new Pace();
    pace.room(ENDLESS);
    pace.gotSent(LEAST_UNDER_WAY);
    expect(pace.room(1)).toBe(0);
    pace.rest();
    expect(pace.room(1)).toBe(Infinity);
  });

  it('lets as much be under way as keeps a long way full', () => {
    const flow = new Flow();
    expect(flow.send()).toBe(LEAST_UNDER_WAY);
    expect(flow.after(0.2)).toBe(LEAST_UNDER_WAY);
    const long = new Flow();
    long.send();
    expect(long.after(10)).toBe(10 * BYTES_PER_MS);
    const longest = new Flow();
    longest.send();
    expect(longest.after(1_000)).toBe(MOST_UNDER_WAY);
  });

  it('takes the shortest time for the way, and learns little by little that it has become longer', () => {
    const flow = new Flow();
    flow.send();
    flow.after(2);
    expect(flow.after(50)).toBeLessThan(3 * BYTES_PER_MS);
    let rounds = 0;
    for (; flow.after(50) < MOST_UNDER_WAY; rounds++) expect(rounds).toBeLessThan(20);
    expect(rounds).toBeGreaterThan(5);
    expect(flow.after(2)).toBeLessThan(3 * BYTES_PER_MS);
  });

  it('counts what the last mark says, whichever of those before were answered, and nothing of those it has not sent', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(8), { maxLength: 30 }), (answers) => {
        const pace = new Pace(() => 0);
        let sent = 0;
        let taken = 0;
        let last = 0;
        const marks = new Map<number, number>();
        const note = (mark: number | undefined): void => {
          if (mark !== undefined) marks.set((last = mark), sent);
        };
        for (const back of answers) {
          while (pace.room(ENDLESS) > 0) {
            note(pace.probe);
            sent += PIECE;
            note(pace.gotSent(PIECE));
          }
          pace.gotAnswer(last - back);
          pace.gotAnswer(last + 1 + back);
          taken = Math.max(taken, marks.get(last - back) ?? 0);
          expect(pace.room(ENDLESS)).toBe(LEAST_UNDER_WAY - (sent - taken));
        }
      }),
    );
  });
});
