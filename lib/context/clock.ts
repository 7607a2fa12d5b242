import { AsyncResource } from 'node:async_hooks';
import { LinkedList, ListItem } from '../collections/linked-list.js';
import { MAX_TIMER_MS } from './expiry.js';

/** What is to happen at a deadline, unless it is called off before. */
export abstract class Alarm extends ListItem {
  /** @param deadline when: ms since the epoch */
  constructor(readonly deadline: number) {
    super();
  }

  /** It is time. Called once, outside of any call, and must not throw. */
  abstract ring(): void;
}

/**
 * Most lanes that are looked through for an alarm. There are as many as there are different times that calls are given, unless those
 * end at deadlines that others have set.
 */
const MAX_LANES = 16;

/** Timers are made here, since all that a call has with it would be kept by a timer that is made below it. */
const outside = new AsyncResource('MeshClock');

/**
 * Rings alarms, of which there may be ten thousands, nearly all called off before their time. A timer of Node for each would be three
 * objects more, and as many that a collection has to move. As long as an alarm is set, the process stays alive.
 */
export class Clock {
  private readonly lanes: Lane[] = [];

  /** Sets an alarm. @param now what time it is, for who has just looked */
  set(alarm: Alarm, now = Date.now()): void {
    this.laneFor(alarm.deadline).add(alarm, now);
  }

  /** Calls an alarm off; nothing happens when it has rung, or was not set. */
  callOff(alarm: Alarm): void {
    if (alarm.list instanceof Lane) alarm.list.callOff(alarm);
  }

  private laneFor(deadline: number): Lane {
    for (const lane of this.lanes) if (lane.takes(deadline)) return lane;
    const lane = new Lane();
    if (this.lanes.length < MAX_LANES) this.lanes.push(lane);
    return lane;
  }
}

/** The clock of this process. */
export const clock = new Clock();

/** Alarms in the order of their deadlines, in which they came, too: one timer serves them all. */
class Lane extends LinkedList<Alarm> {
  /** Where somebody stands in for the timers of Node, as tests do, alarms set meanwhile are in lanes of their own. */
  private readonly setTimer = setTimeout;
  private timer: NodeJS.Timeout | undefined;
  /** What the timer was set for: not later than the first alarm. */
  private wakesAt = Infinity;

  /** Whether an alarm for this deadline would be the last. */
  takes(deadline: number): boolean {
    return this.setTimer === setTimeout && (this.last === undefined || this.last.deadline <= deadline);
  }

  add(alarm: Alarm, now: number): void {
    this.append(alarm);
    if (!this.timer) this.wakeAt(alarm.deadline, now);
  }

  callOff(alarm: Alarm): void {
    this.remove(alarm);
    if (this.size === 0) this.stop();
  }

  private wakeAt(deadline: number, now: number): void {
    const delayMs = Math.min(Math.max(0, deadline - now), MAX_TIMER_MS);
    this.wakesAt = deadline;
    this.timer = outside.runInAsyncScope(this.setTimer, undefined, this.wake, delayMs);
  }

  private stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private readonly wake = (): void => {
    // Where the time of day was set back meanwhile, what the timer was set for is due nevertheless.
    const now = Math.max(this.wakesAt, Date.now());
    try {
      for (let { first } = this; first && first.deadline <= now; { first } = this) {
        this.remove(first);
        first.ring();
      }
    } finally {
      this.stop();
      if (this.first) this.wakeAt(this.first.deadline, now);
    }
  };
}
