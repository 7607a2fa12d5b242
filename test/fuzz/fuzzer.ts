import { keep, seedsOf } from './corpus.js';
import { MemoryWatch } from './memory-watch.js';
import { mutate } from './mutations.js';
import { Random } from './random.js';
import type { Rig, Target } from './target.js';

/** Inputs between two looks at whether everybody else is served. */
const LOOK_EVERY = 200;

/** Inputs kept in memory because something new became of them. */
const MAX_POOL = 2_000;

/** Part of the time in which memory may grow, since code is loaded and compiled. */
const WARM_UP = 0.1;

/** What a run over one target has shown. */
export interface Result {
  readonly target: string;
  readonly inputs: number;
  readonly seconds: number;
  /** Different things that became of them. */
  readonly outcomes: number;
  /** The most that was used after a collection beyond what was used after the warm-up, in bytes. */
  readonly grown: number;
  readonly finding: Finding | undefined;
}

/** A target did what it must not. */
export interface Finding {
  /** Files with the inputs that may be to blame; none when all of the run are. */
  readonly files: readonly string[];
  readonly seed: number;
  readonly error: unknown;
}

/** Feeds one target with mutated inputs until the time is over, or it does what it must not. */
export async function fuzz(target: Target, seconds: number, seed: number): Promise<Result> {
  const rig = await target.open();
  const begin = performance.now();
  const run = new Run(target, rig, new Random(seed));
  const memory = new MemoryWatch(() => run.kept);
  let finding: Finding | undefined;
  try {
    await run.until(begin + seconds * 1_000 * WARM_UP, async () => undefined);
    await memory.begun();
    await run.until(begin + seconds * 1_000, () => memory.lookInTime());
    await memory.check();
  } catch (error) {
    finding = { files: run.keepSuspects(), seed, error };
  } finally {
    rig.close();
  }
  const { inputs, outcomes } = run;
  const { grown } = memory;
  return { target: target.name, inputs, seconds: (performance.now() - begin) / 1_000, outcomes, grown, finding };
}

/** The inputs of one run. */
class Run {
  inputs = 0;
  /** Bytes of the inputs that are mutated further. */
  kept = 0;
  private readonly pool: Buffer[];
  private readonly seen = new Set<string>();
  private suspects: Buffer[] = [];
  private culprit: Buffer | undefined;
  private stray: unknown;

  constructor(
    private readonly target: Target,
    private readonly rig: Rig,
    private readonly random: Random,
  ) {
    this.pool = [...seedsOf('corpus', target.name), ...seedsOf('regressions', target.name)].map(({ bytes }) => bytes);
    if (this.pool.length === 0) throw new Error(`there are no recordings for ${target.name}`);
  }

  get outcomes(): number {
    return this.seen.size;
  }

  /** Feeds inputs until a time, and looks at something besides. @throws Error when there is a finding */
  async until(end: number, look: () => Promise<void>): Promise<void> {
    while (performance.now() < end) {
      await this.batch();
      await look();
    }
  }

  /** Writes the input that is to blame, or all that may be. @returns where */
  keepSuspects(): readonly string[] {
    const { name } = this.target;
    return (this.culprit ? [this.culprit] : this.suspects).map((suspect) => keep('findings', name, suspect));
  }

  /** As many inputs as are fed between two looks. @throws Error when one is a finding */
  private async batch(): Promise<void> {
    const note = (error: unknown): void => void (this.stray ??= error ?? new Error('rejected with nothing'));
    process.on('unhandledRejection', note).on('uncaughtException', note);
    try {
      await Promise.all(Array.from({ length: this.target.parallel }, () => this.feedSome()));
      await this.rig.check();
      if (this.stray) throw this.stray;
      this.suspects = [];
    } finally {
      process.off('unhandledRejection', note).off('uncaughtException', note);
    }
  }

  private async feedSome(): Promise<void> {
    while (this.suspects.length < LOOK_EVERY && !this.culprit) {
      const input = this.next();
      this.suspects.push(input);
      await this.feed(input);
    }
  }

  private async feed(input: Buffer): Promise<void> {
    try {
      const outcome = await this.rig.feed(input);
      this.inputs++;
      if (this.seen.has(outcome) || this.pool.length >= MAX_POOL) return;
      this.seen.add(outcome);
      this.keep(input);
    } catch (error) {
      this.culprit ??= input;
      throw error;
    }
  }

  /** Keeps a copy: an input may be a part of something larger. */
  private keep(input: Buffer): void {
    const copy = Buffer.allocUnsafeSlow(input.length);
    input.copy(copy);
    this.pool.push(copy);
    this.kept += copy.length;
  }

  private next(): Buffer {
    const { pool, random } = this;
    return mutate(random.of(pool), random.of(pool), this.target.shape, random);
  }
}
