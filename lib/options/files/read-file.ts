import { readFileSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import type { FileContent } from './file-content.js';
import { readJson } from './read-json.js';
import { readYaml } from './read-yaml.js';

/** A text, or why there is none. */
export type FileText = { readonly text: string } | { readonly problems: readonly string[] };

/**
 * Reads a file that somebody has written: YAML or JSON, as its name ends.
 *
 * @param what it is, for messages: `the configuration file`
 */
export function readWrittenFile(path: string, what: string, maxBytes: number): FileContent {
  const ending = extname(path).toLowerCase();
  if (ending !== '.json' && ending !== '.yaml' && ending !== '.yml') {
    return { problems: [`${path}: the name of ${what} must end in .yaml, .yml or .json`] };
  }
  const read = readTextFile(path, what, maxBytes);
  if ('problems' in read) return read;
  return ending === '.json' ? readJson(path, read.text) : readYaml(path, read.text);
}

/** Reads a text in UTF-8, without its byte order mark. */
export function readTextFile(path: string, what: string, maxBytes: number): FileText {
  try {
    const found = statSync(path);
    if (!found.isFile()) return { problems: [`${path}: cannot be read: it is no file`] };
    if (found.size > maxBytes) return { problems: [`${path}: ${what} must have at most ${maxBytes} bytes`] };
    const text = readFileSync(path, 'utf8');
    return { text: text.startsWith('\uFEFF') ? text.slice(1) : text };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { problems: [`${path}: cannot be read: ${code === 'ENOENT' ? 'there is no such file' : message}`] };
  }
}
