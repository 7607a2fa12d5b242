/** Half of the ids that are remembered. */
type Generation = Map<string, number>;

/**
 * Remembers ids for a time. They are held in two generations: when the younger is as old as that time, or has half of the
 * ids that may be remembered, it takes the place of the older, whose ids are forgotten together.
 */
export class RecentIds {
  private younger: Generation = new Map();
  private older: Generation = new Map();
  /** When the younger generation began. */
  private since = 0;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param windowMs how long an id is remembered; 0 remembers none
   * @param maxIds most ids remembered
   */
  constructor(
    private readonly windowMs: number,
    private readonly maxIds: number,
  ) {}

  /** How many ids are held. */
  get size(): number {
    return this.younger.size + this.older.size;
  }

  /** Whether an id was added within the window. */
  has(id: string): boolean {
    const added = this.younger.get(id) ?? this.older.get(id);
    return added !== undefined && clock() - added < this.windowMs;
  }

  /** Remembers an id. */
  add(id: string): void {
    if (this.windowMs === 0) return;
    const now = clock();
    if (now - this.since >= this.windowMs || this.younger.size >= this.maxIds >> 1) this.turn(now);
    this.younger.set(id, now);
    this.timer ??= this.startTimer();
  }

  /** Forgets everything. */
  clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.younger = new Map();
    this.older = new Map();
  }

  private turn(now: number): void {
    this.older = this.younger;
    this.younger = new Map();
    this.since = now;
  }

  /** What nobody asks for any more must go, too, when nothing is added. */
  private startTimer(): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.timer = undefined;
      if (clock() - this.since >= this.windowMs) this.turn(clock());
      if (this.size > 0) this.timer = this.startTimer();
    }, this.windowMs);
    return timer.unref();
  }
}

/** Whole milliseconds: as such they need no memory of their own in a map. */
function clock(): number {
  return Math.floor(performance.now());
}
