import { isRecord } from '../options/option-reader.js';
import type { FileContent } from './layers.js';
import { firstWrongToken, type JsonKeys, jsonKeys } from './json-keys.js';
import type { OptionPath } from './option-path.js';

/** Reads a configuration in JSON, and knows the lines of its keys. */
export function readJson(file: string, text: string): FileContent {
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (error) {
    return { problems: [unreadable(file, text, error)] };
  }
  if (!isRecord(values)) return { problems: [`${file}:1: must be an object of options`] };
  const keys = jsonKeys(text);
  const { twice } = keys;
  if (twice.length > 0) {
    return { problems: twice.map(([path, offset]) => `${file}:${lineAt(text, offset)}: ${path} is there twice`) };
  }
  return { layer: { values, locate: (path) => `${file}:${lineAt(text, closest(path, keys))}` } };
}

/** Follows a path as far as the text has it. */
function closest(path: OptionPath, { offsetOf }: JsonKeys): number {
  for (let length = path.length; length > 0; length--) {
    const offset = offsetOf(path.slice(0, length));
    if (offset !== undefined) return offset;
  }
  return 0;
}

function unreadable(file: string, text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [, position] = /at position (\d+)/.exec(message) ?? [];
  const offset = position === undefined ? firstWrongToken(text) : Number(position);
  const column = offset - text.lastIndexOf('\n', offset - 1);
  // The parser quotes what stands around the mistake, which may be a secret.
  const what = message.startsWith('Unexpected end')
    ? 'it ends too early'
    : message.replace(/,? (?:\.\.\.)?".*$| in JSON.*$/s, '');
  return `${file}:${lineAt(text, offset)}:${column}: this is no JSON: ${what}`;
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
