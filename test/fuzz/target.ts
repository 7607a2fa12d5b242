import { MeshError } from '../../lib/errors/mesh-error.js';
import type { Shape } from './mutations.js';

/** Something that reads bytes of a stranger. */
export interface Target {
  readonly name: string;
  readonly shape: Shape;
  /** Inputs that it reads at a time. */
  readonly parallel: number;
  /** Makes it ready. */
  open(): Promise<Rig>;
}

/** A target that is ready. */
export interface Rig {
  /**
   * Has it read an input.
   *
   * @returns what became of it, in a few words: inputs of which something new became are mutated further
   * @throws Error when it did what it must not
   */
  feed(input: Buffer): Promise<string>;
  /** Whether everybody else is served as before. @throws Error when not */
  check(): Promise<void>;
  close(): void;
}

/** What becomes of an input that is refused: the kind of refusal. @throws what is no refusal */
export function refusal(error: unknown, codes: readonly string[]): string {
  if (!(error instanceof MeshError)) throw error;
  if (!codes.includes(error.code)) throw new Error(`refused with ${error.code}: ${error.message}`, { cause: error });
  return `${error.code} ${error.message.replace(/\d+|'[^']*'/g, '#')}`;
}

/** @throws Error when something is not over in time */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
