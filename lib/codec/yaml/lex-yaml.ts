import { refused, tooDeep } from '../decoding.js';

const FORMAT = 'YAML';

/** Levels that are opened within one line: `- - ? - 1`. */
const LEVELS: ReadonlySet<string | null> = new Set(['seq-item-ind', 'explicit-key-ind', 'map-value-ind']);

/** What has no place in a message: it names or repeats a value, or says how to make an object of it. */
const FORBIDDEN: ReadonlyMap<string | null, string> = new Map([
  ['alias', 'an alias'],
  ['anchor', 'an anchor'],
  ['tag', 'a tag'],
]);

/** Most tokens, of which a line has about four: a hundred thousand lines take the library a second. */
const MAX_TOKENS = 400_000;

/** Longest integer that is read, in characters: making one takes time that grows faster than its digits. */
const MAX_INTEGER = 1_024;
const INTEGER = /^\s*(?:[-+]?\d+|0o[0-7]+|0x[\da-f]+)\s*$/i;

/** What it needs of the library `yaml`. */
export interface YamlTokens {
  readonly Lexer: new () => { lex(text: string): Iterable<string> };
  readonly CST: { readonly SCALAR: string; tokenType(token: string): string | null };
}

/**
 * Looks through the tokens of YAML, before anything is built of them.
 * @throws MeshError E0000000400 when it has aliases, anchors or tags, or is nested too deep, or has too many tokens
 */
export function lexYaml({ Lexer, CST }: YamlTokens, text: string, maxDepth: number): void {
  let tokens = 0;
  let flows = 0;
  let levels = 0;
  let isScalar = false;
  for (const token of new Lexer().lex(text)) {
    if (++tokens > MAX_TOKENS) throw refused(FORMAT, `it has more than ${MAX_TOKENS} tokens`);
    // The token after this mark is the text of a scalar, whatever it looks like.
    const type = isScalar ? 'scalar-text' : CST.tokenType(token);
    if (isScalar && token.length > MAX_INTEGER && INTEGER.test(token)) {
      throw refused(FORMAT, `it has an integer of more than ${MAX_INTEGER} digits`);
    }
    isScalar = token === CST.SCALAR;
    const forbidden = FORBIDDEN.get(type);
    if (forbidden !== undefined) throw refused(FORMAT, `it has ${forbidden}`);
    if (type === 'newline') levels = 0;
    else if (LEVELS.has(type)) levels++;
    else if (type === 'flow-map-start' || type === 'flow-seq-start') flows++;
    else if (type === 'flow-map-end' || type === 'flow-seq-end') flows--;
    // In a flow a colon opens no level, and a single line may have any number of them.
    if (flows > maxDepth || (flows === 0 && levels > 2 * maxDepth + 1)) throw tooDeep(FORMAT, maxDepth);
  }
}
