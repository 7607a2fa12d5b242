import { formatPath, type OptionPath } from './option-path.js';

/** Where the keys and the items of a JSON text are. */
export interface JsonKeys {
  /** Offset of a key, or of an item of a list; `undefined` when it is not there. */
  offsetOf(path: OptionPath): number | undefined;
  /** Paths that the text has twice, each with the offset of the second. */
  readonly twice: readonly (readonly [path: string, offset: number])[];
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;
const VALID = /^(?:"(?:[^"\\\p{Cc}]|\\.)*"|[{}[\],:]|true|false|null|-?\d[\d.eE+-]*)$/u;

/** Finds the keys of a text that `JSON.parse` has accepted. */
export function jsonKeys(text: string): JsonKeys {
  const offsets = new Map<string, number>();
  const twice: [string, number][] = [];
  // The key under way in each object, the place in each list.
  const path: (string | number)[] = [];
  let isKey = false;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const last = path.at(-1);
    if (isKey && token.startsWith('"')) {
      path[path.length - 1] = String(JSON.parse(token));
      const name = JSON.stringify(path);
      if (offsets.has(name)) twice.push([formatPath(path), index]);
      offsets.set(name, index);
      isKey = false;
      continue;
    }
    if (token === '}' || token === ']') path.pop();
    else if (token === ',' && typeof last === 'number') path[path.length - 1] = last + 1;
    else if (token !== ',' && token !== ':' && typeof last === 'number') offsets.set(JSON.stringify(path), index);
    if (token === '{') path.push('');
    if (token === '[') path.push(0);
    isKey = token === '{' || (token === ',' && typeof path.at(-1) === 'string');
  }
  return { offsetOf: (wanted) => offsets.get(JSON.stringify(wanted)), twice };
}

/** Where a text stops being JSON, for an error of `JSON.parse` that does not say: its first wrong word, else its end. */
export function firstWrongToken(text: string): number {
  const matched = [...text.matchAll(TOKEN)];
  const wrong = matched.find(([token]) => !VALID.test(token));
  const loneQuote = text.replaceAll(TOKEN, (token) => ' '.repeat(token.length)).indexOf('"');
  const offsets = [wrong?.index ?? -1, loneQuote].filter((offset) => offset >= 0);
  return offsets.length > 0 ? Math.min(...offsets) : text.trimEnd().length;
}
