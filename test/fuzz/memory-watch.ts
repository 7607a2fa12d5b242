import { setImmediate, setTimeout as sleep } from 'node:timers/promises';

const MIB = 1_024 * 1_024;

/** What may be used more after a collection than after the warm-up, in bytes: code that is compiled meanwhile, for instance. */
const MAX_GROWTH = 8 * MIB;

/** What the operating system may have given to the process more than after the warm-up, in bytes. It takes little of it back. */
const MAX_RSS_GROWTH = 512 * MIB;

/** Time between two looks, in ms. */
const LOOK_EVERY_MS = 2_000;

/** Looks until too much is too much, and the time between them, in ms: connections that are over are closed meanwhile. */
const LOOKS = 10;
const PAUSE_MS = 100;

/** What a process uses, in bytes. */
export interface Memory {
  /** Objects and buffers. */
  readonly used: number;
  readonly rss: number;
}

/** Looks whether what is used after collections grows. */
export class MemoryWatch {
  private begin: Memory | undefined;
  private nextLook = 0;
  /** The most that was used more than after the warm-up, in bytes. */
  grown = 0;

  /**
   * @param kept bytes that are kept on purpose
   * @param collect collects, and says what is used then
   */
  constructor(
    private readonly kept: () => number,
    private readonly collect: () => Promise<Memory> = collected,
  ) {}

  /** The warm-up is over: from here on nothing may grow. */
  async begun(): Promise<void> {
    this.begin = await this.look();
    this.nextLook = performance.now() + LOOK_EVERY_MS;
  }

  /** Looks when it is time to. @throws Error when too much is used */
  async lookInTime(): Promise<void> {
    if (performance.now() < this.nextLook) return;
    await this.check();
    this.nextLook = performance.now() + LOOK_EVERY_MS;
  }

  /** @throws Error when too much is used */
  async check(): Promise<void> {
    if (!this.begin) return;
    for (let looks = 1; ; looks++) {
      const { used, rss } = await this.look();
      const [grown, grownRss] = [used - this.begin.used, rss - this.begin.rss];
      if (grown <= MAX_GROWTH && grownRss <= MAX_RSS_GROWTH) {
        this.grown = Math.max(this.grown, grown);
        return;
      }
      if (looks === LOOKS) throw new Error(tooMuch(grown, grownRss));
      await sleep(PAUSE_MS);
    }
  }

  private async look(): Promise<Memory> {
    const { used, rss } = await this.collect();
    return { used: used - this.kept(), rss };
  }
}

function tooMuch(grown: number, grownRss: number): string {
  const [more, rss] = [grown, grownRss].map((bytes) => Math.round(bytes / MIB));
  return (
    `after a collection ${more} MiB more are used than after the warm-up, and ${rss} MiB more of the system's memory; ` +
    `at most ${MAX_GROWTH / MIB} and ${MAX_RSS_GROWTH / MIB} MiB may be`
  );
}

/** What is let go of at the end of one collection is collected by the next. */
async function collected(): Promise<Memory> {
  if (!global.gc) throw new Error('the fuzzer needs --expose-gc: npm run fuzz gives it');
  global.gc();
  await setImmediate();
  global.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { used: heapUsed + external, rss };
}
