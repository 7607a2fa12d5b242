import type { Check } from './checks.js';
import { nearest } from './nearest.js';
import type { Problems } from './problems.js';

/** Reads the options of one object by name, and in the end refuses the names that nobody asked for. */
export class OptionReader {
  private readonly known: string[] = [];
  private readonly source: Readonly<Record<string, unknown>>;

  /**
   * @param path name of the object itself, such as `listen`; empty for the outermost
   * @param source what the user gave; `undefined` counts as an object without any option
   */
  constructor(
    private readonly path: string,
    source: unknown,
    private readonly problems: Problems,
  ) {
    this.source = isRecord(source) ? source : {};
    if (source !== undefined && !isRecord(source)) problems.refuse(path || 'the options', 'an object', source);
  }

  /** The option, checked; what `fallback` says when it is absent, and also, to have a value at all, when it is wrong. */
  take<T>(key: string, check: Check<T>, fallback: () => T): T {
    const value = this.raw(key);
    return (value === undefined ? undefined : check(value, this.nameOf(key), this.problems)) ?? fallback();
  }

  /** The option, checked; `undefined` when it is absent. */
  takeOptional<T>(key: string, check: Check<T>): T | undefined {
    return this.take<T | undefined>(key, check, () => undefined);
  }

  /** The option, checked, which must be there; `undefined` when it is not, or is wrong. */
  takeRequired<T>(key: string, check: Check<T>): T | undefined {
    const value = this.raw(key);
    const name = this.nameOf(key);
    return value === undefined ? this.problems.note(`${name} is missing`) : check(value, name, this.problems);
  }

  /** The option as it was given. */
  raw(key: string): unknown {
    this.known.push(key);
    return this.source[key];
  }

  /** Reads an option that is an object, an absent one as an empty object. */
  section<T>(key: string, read: (reader: OptionReader) => T): T {
    return readObject(this.nameOf(key), this.raw(key), this.problems, read);
  }

  /** Notes every option that nobody has asked for. Call it last. */
  refuseOthers(): void {
    for (const key of Object.keys(this.source)) {
      if (this.known.includes(key) || this.source[key] === undefined) continue;
      const meant = nearest(key, this.known);
      const hint = meant === undefined ? '' : ` (did you mean '${meant}'?)`;
      this.problems.note(`unknown option '${this.nameOf(key)}'${hint}; known: ${this.known.toSorted().join(', ')}`);
    }
  }

  private nameOf(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`;
  }
}

/** Reads an object with a reader of its own, and refuses the options that it does not know. */
export function readObject<T>(path: string, source: unknown, problems: Problems, read: (reader: OptionReader) => T): T {
  const reader = new OptionReader(path, source, problems);
  const result = read(reader);
  reader.refuseOthers();
  return result;
}

/** Whether a value is an object with named options. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
