import type { FileContent } from './file-content.js';
import { firstWrongToken, type JsonKeys, jsonKeys } from './json-keys.js';
import type { OptionPath } from './option-path.js';

/** Reads JSON, and knows the lines of its keys. A key that is there twice is a mistake. */
export function readJson(file: string, text: string): FileContent {
  const content = readTrustedJson(file, text);
  if ('problems' in content) return content;
  const { twice } = jsonKeys(text);
  if (twice.length === 0) return content;
  return { problems: twice.map(([path, offset]) => `${file}:${lineAt(text, offset)}: ${path} is there twice`) };
}

/** The same, of what a program has written: keys that are there twice are not looked for, and lines only when one is asked for. */
export function readTrustedJson(file: string, text: string): FileContent {
  try {
    const value: unknown = JSON.parse(text);
    let keys: JsonKeys | undefined;
    return { value, locate: (path) => `${file}:${lineAt(text, closest(path, (keys ??= jsonKeys(text))))}` };
  } catch (error) {
    return { problems: [unreadable(file, text, error)] };
  }
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
