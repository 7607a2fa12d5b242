import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { FileContent } from './layers.js';
import { readJson } from './read-json.js';
import { readYaml } from './read-yaml.js';

/** Longest configuration file, in bytes. */
const MAX_BYTES = 1_024 * 1_024;

/** Reads a configuration file: YAML or JSON, as its name ends. */
export async function readConfigurationFile(path: string): Promise<FileContent> {
  const ending = extname(path).toLowerCase();
  if (ending !== '.json' && ending !== '.yaml' && ending !== '.yml') {
    return { problems: [`${path}: the name of the configuration file must end in .yaml, .yml or .json`] };
  }
  const read = await textOf(path);
  if ('problems' in read) return read;
  const text = read.text.startsWith('\uFEFF') ? read.text.slice(1) : read.text;
  return ending === '.json' ? readJson(path, text) : readYaml(path, text);
}

async function textOf(path: string): Promise<{ readonly text: string } | { readonly problems: readonly string[] }> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) return { problems: [`${path}: the configuration file must have at most ${MAX_BYTES} bytes`] };
    return { text: await readFile(path, 'utf8') };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { problems: [`${path}: cannot be read: ${code === 'ENOENT' ? 'there is no such file' : message}`] };
  }
}
