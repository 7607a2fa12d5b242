import { createRequire } from 'node:module';
import type { Document, LineCounter, Node } from 'yaml';
import type { FileContent } from './file-content.js';
import type { OptionPath } from './option-path.js';

type Yaml = typeof import('yaml');

/** Reads YAML 1.2, and knows the lines of its keys. It needs the optional package `yaml`. */
export function readYaml(file: string, text: string): FileContent {
  const yaml = loadYaml();
  if (!yaml) {
    const instead = 'install it with `npm install yaml`, or write it in JSON';
    return { problems: [`${file}: a file in YAML needs the package 'yaml': ${instead}`] };
  }
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return {
      problems: document.errors.map(({ message, pos: [start] }) => {
        const { line, col } = lines.linePos(start);
        return `${file}:${line}:${col}: this is no YAML: ${message}`;
      }),
    };
  }
  return contentOf(file, document, lines, yaml);
}

function contentOf(file: string, document: Document.Parsed, lines: LineCounter, yaml: Yaml): FileContent {
  try {
    const value: unknown = document.toJS();
    return { value, locate: (path) => `${file}:${lines.linePos(offsetOf(path, document, yaml)).line}` };
  } catch (error) {
    return { problems: [`${file}: this is no YAML: ${error instanceof Error ? error.message : String(error)}`] };
  }
}

/** Follows a path as far as the document has it. */
function offsetOf(path: OptionPath, document: Document.Parsed, yaml: Yaml): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of path) {
    const within: unknown = yaml.isAlias(node) ? node.resolve(document) : node;
    const next = stepInto(within, step, yaml);
    if (!next) break;
    node = next.value;
    offset = next.at.range?.[0] ?? offset;
  }
  return offset;
}

function stepInto(
  node: unknown,
  step: string | number,
  yaml: Yaml,
): { readonly at: Node; readonly value: unknown } | undefined {
  if (yaml.isSeq(node) && typeof step === 'number') {
    const item = node.items[step];
    return yaml.isNode(item) ? { at: item, value: item } : undefined;
  }
  if (!yaml.isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => yaml.isScalar(key) && String(key.value) === step);
  return pair && yaml.isNode(pair.key) ? { at: pair.key, value: pair.value } : undefined;
}

function loadYaml(): Yaml | undefined {
  try {
    return createRequire(import.meta.url)('yaml') as Yaml;
  } catch {
    return undefined;
  }
}
