import type { JsonValue } from './json-schema.js';

/** Texts that YAML reads as texts without quotes: no number, no date, no word with a meaning, no punctuation. */
const PLAIN = /^[A-Za-z_$/][\w$/.-]*(?: [\w$/.-]+)*$/;
const WORDS: ReadonlySet<string> = new Set(['true', 'false', 'null', 'yes', 'no', 'on', 'off', 'y', 'n']);

/** Writes a value as YAML 1.2, for people to read: maps and lists in blocks, texts without quotes where they need none. */
export function yamlText(value: JsonValue): string {
  return `${block(value, '').trimStart()}\n`;
}

/** The value as it stands behind a key's colon or a list's dash: on the same line, or in lines of its own. */
function block(value: JsonValue, indent: string): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return ' []';
    return value.map((item: JsonValue) => `\n${indent}-${element(item, indent)}`).join('');
  }
  if (typeof value !== 'object' || value === null) return ` ${scalar(value as string)}`;
  const members = Object.entries(value).filter((member): member is [string, JsonValue] => member[1] !== undefined);
  if (members.length === 0) return ' {}';
  return members.map(([name, member]) => `\n${indent}${scalar(name)}:${block(member, `${indent}  `)}`).join('');
}

/** An element of a list; what has lines of its own begins on the line of the dash. */
function element(value: JsonValue, indent: string): string {
  const text = block(value, `${indent}  `);
  return text.startsWith('\n') ? ` ${text.trimStart()}` : text;
}

function scalar(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return PLAIN.test(value) && !WORDS.has(value.toLowerCase()) ? value : JSON.stringify(value);
}
