import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';

const LONGEST_QUOTE = 80;

/** Collects what is wrong with the options, so that all of it is said at once. */
export class Problems {
  private readonly sentences: string[] = [];

  /** Notes that something must be other than it is: `listen.port must be …, got 'abc'`. */
  refuse(name: string, expected: string, got: unknown): undefined {
    return this.note(`${name} must be ${expected}, got ${describe(got)}`);
  }

  /** Notes a sentence of one's own. */
  note(sentence: string): undefined {
    this.sentences.push(sentence);
    return undefined;
  }

  /** @throws MeshError E0000000400 when anything was noted; its details hold one sentence for each problem */
  throwIfAny(): void {
    const [first, ...others] = this.sentences;
    if (first === undefined) return;
    const message =
      others.length === 0 ? first : `${this.sentences.length} options are wrong: ${this.sentences.join('; ')}`;
    throw new MeshError(MeshCode.INVALID_REQUEST, message, { details: [...this.sentences] });
  }
}

function describe(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return 'an array';
  if (value !== null && typeof value === 'object') return 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

function quote(text: string): string {
  const shown = text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
  return `'${shown.replaceAll(/[\p{Cc}\u2028\u2029]/gu, ' ')}'`;
}
