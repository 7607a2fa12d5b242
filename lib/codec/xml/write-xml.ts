import { unsayable } from '../plain-value.js';

const FORMAT = 'XML';

/** Name of the outermost element; any is read. */
const ROOT = 'message';

/** Names that an element may have (XML 1.0, production 5, without the colon). */
const NAME =
  /^[A-Z_a-z\xC0-\xD6\xD8-\xF6\xF8-\u02FF\u0370-\u037D\u037F-\u1FFF\u{200C}-\u{200D}\u2070-\u218F\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD\u{10000}-\u{EFFFF}][\w.\-\xB7\xC0-\xD6\xD8-\xF6\xF8-\u037D\u037F-\u1FFF\u{200C}-\u{200D}\u203F\u2040\u2070-\u218F\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD\u{10000}-\u{EFFFF}]*$/u;

/** Characters that XML 1.0 cannot say, not even escaped. */
const UNSAYABLE = /[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' };

/**
 * Writes a plain value: a member is an element, an array the same element repeated.
 * @throws MeshError E0000000616 for what XML cannot say
 */
export function writeXml(value: unknown): string {
  if (Array.isArray(value)) throw unsayable(FORMAT, 'it is an array');
  return element(ROOT, value);
}

function element(name: string, value: unknown): string {
  const content = typeof value === 'object' && value !== null ? members(value) : text(String(value));
  return content === '' ? `<${name}/>` : `<${name}>${content}</${name}>`;
}

function members(record: object): string {
  let content = '';
  for (const [key, member] of Object.entries(record)) {
    const name = nameOf(key);
    for (const value of Array.isArray(member) ? (member as unknown[]) : [member]) {
      if (Array.isArray(value)) throw unsayable(FORMAT, 'an array has an array for an item');
      content += element(name, value);
    }
  }
  return content;
}

function nameOf(key: string): string {
  if (NAME.test(key)) return key;
  throw unsayable(FORMAT, `${JSON.stringify(key.slice(0, 100))} cannot be the name of an element`);
}

function text(value: string): string {
  if (UNSAYABLE.test(value)) throw unsayable(FORMAT, 'a text has a character that XML does not have');
  return value.replace(/[&<>\r]/g, (character) => ESCAPES[character] as string);
}
