import { readWrittenFile } from '../options/files/read-file.js';
import { isRecord } from '../options/option-reader.js';
import type { LayerContent } from './layers.js';

/** Longest configuration file, in bytes. */
const MAX_BYTES = 1_024 * 1_024;

/** Reads a configuration file: YAML or JSON, as its name ends. */
export function readConfigurationFile(path: string): LayerContent {
  const content = readWrittenFile(path, 'the configuration file', MAX_BYTES);
  if ('problems' in content) return content;
  const { value, locate } = content;
  // An empty file in YAML says nothing.
  const values = value ?? {};
  if (isRecord(values)) return { layer: { values, locate } };
  return { problems: [`${path}:1: must be a mapping of options`] };
}
