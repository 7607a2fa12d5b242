import { keep, seedsOf } from './corpus.js';
import { mutate } from './mutations.js';
import { Random } from './random.js';
import type { Rig, Target } from './target.js';

/** Inputs between two looks at whether everybody else is served. */
const LOOK_EVERY = 200;

/** Inputs kept in memory because something new became of them. */
const MAX_POOL = 2_000;

/** What a run over one target has shown. */
export interface Result {
  readonly target: string;
  readonly inputs: number;
  readonly seconds: number;
  /** Different things that became of them. */
  readonly outcomes: number;
  readonly finding: Finding | undefined;
}

/** An input with which a target did what it must not; it is kept in a file. */
export interface Finding {
  readonly file: string;
  readonly seed: number;
  readonly error: unknown;
}

/** Feeds one target with mutated inputs until the time is over, or it does what it must not. */
export async function fuzz(target: Target, seconds: number, seed: number): Promise<Result> {
  const rig = await target.open();
  const begin = performance.now();
  const run = new Run(target, rig, new Random(seed));
  let finding: Finding | undefined;
  try {
    const end = begin + seconds * 1_000;
    while (performance.now() < end) await run.batch();
  } catch (error) {
    finding = { file: run.keepSuspects(), seed, error };
  } finally {
    rig.close();
  }
  const { inputs, outcomes } = run;
  return { target: target.name, inputs, seconds: (performance.now() - begin) / 1_000, outcomes, finding };
}

/** The inputs of one run. */
class Run {
  inputs = 0;
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

  /** As many inputs as are fed between two looks. @throws Error when one is a finding */
  async batch(): Promise<void> {
    this.suspects = [];
    const note = (error: unknown): void => void (this.stray ??= error ?? new Error('rejected with nothing'));
    process.on('unhandledRejection', note).on('uncaughtException', note);
    try {
      await Promise.all(Array.from({ length: this.target.parallel }, () => this.feedSome()));
      await this.rig.check();
      if (this.stray) throw this.stray;
    } finally {
      process.off('unhandledRejection', note).off('uncaughtException', note);
    }
  }

  /** Writes the input that is to blame, or all that may be. @returns where */
  keepSuspects(): string {
    const { name } = this.target;
    if (this.culprit) return keep('findings', name, this.culprit);
    return this.suspects.map((suspect) => keep('findings', name, suspect)).join('\n  ');
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
      this.pool.push(input);
    } catch (error) {
      this.culprit ??= input;
      throw error;
    }
  }

  private next(): Buffer {
    const { pool, random } = this;
    return mutate(random.of(pool), random.of(pool), this.target.shape, random);
  }
}
