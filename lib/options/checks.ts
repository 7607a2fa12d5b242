import { completeAddress, parseHost } from './parse-address.js';
import type { Problems } from './problems.js';

/** Takes one value as it was given to the value as it is used; notes a problem and returns `undefined` when it is wrong. */
export type Check<T> = (value: unknown, name: string, problems: Problems) => T | undefined;

/** Longest delay that a timer of Node holds, in ms; about 24.8 days. */
const LONGEST_DELAY_MS = 2_147_483_647;

/** A whole number within bounds, both included. */
export function wholeNumber(min: number, max: number): Check<number> {
  return (value, name, problems) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
      ? value
      : problems.refuse(name, `a whole number from ${min} to ${max}`, value);
}

/** A time in ms that a timer can hold. */
export function milliseconds(min: 0 | 1): Check<number> {
  return wholeNumber(min, LONGEST_DELAY_MS);
}

/** A text of a form. */
export function text(form: RegExp, expected: string): Check<string> {
  return (value, name, problems) =>
    typeof value === 'string' && form.test(value) ? value : problems.refuse(name, expected, value);
}

/** The content type of a message: no parameters. */
export const mediaType = text(
  /^[a-z\d][\w.+-]{0,126}\/[a-z\d][\w.+-]{0,126}$/,
  'a content type without parameters, in lower case, such as application/json',
);

/** `true` or `false`. */
export const yesOrNo: Check<boolean> = (value, name, problems) =>
  typeof value === 'boolean' ? value : problems.refuse(name, 'true or false', value);

/** One of a few words. */
export function oneOf<const W extends string>(...words: readonly W[]): Check<W> {
  const expected = words.map((word) => `'${word}'`).join(' or ');
  return (value, name, problems) => words.find((word) => word === value) ?? problems.refuse(name, expected, value);
}

/** A list; the problems of an item name its place (`addresses[1]`). */
export function listOf<T>(item: Check<T>, atLeast: 0 | 1 = 0): Check<readonly T[]> {
  return (value, name, problems) => {
    if (!Array.isArray(value)) return problems.refuse(name, 'an array', value);
    if (value.length < atLeast) return problems.note(`${name} must name at least one, got none`);
    const items = value.map((one: unknown, index) => item(one, `${name}[${index}]`, problems));
    return items.filter((one) => one !== undefined);
  };
}

/** The name of an application: it stands in URNs and headers. */
export const applicationName = text(/^[\w.-]{1,128}$/, "1 to 128 letters, digits, '.', '_' or '-'");

/** The version of an application. */
export const applicationVersion = text(/^[!-~]{1,64}$/, 'at most 64 printable ASCII characters');

/** The name of an implementation or of a family. */
export const extensionName = text(/^[\w.:-]{1,128}$/, 'the name of an extension');

/** The id of a node or an institution: one segment of a URN. */
export const partyId = text(/^[\w-]{1,64}$/, "1 to 64 letters, digits, '_' or '-'");

/** The domain of URNs. The reference SDK reads a URN from its end and expects two labels there. */
export const urnDomain = text(/^[a-z\d-]{1,63}\.[a-z\d-]{1,63}$/i, 'a domain of two labels such as trustbe.cn');

/** A subset's name travels in a header: printable ASCII, or empty for none. */
export const subsetName = text(
  /^(?:[\x21-\x7e](?:[\x20-\x7e]{0,254}[\x21-\x7e])?)?$/,
  'at most 256 printable ASCII characters',
);

/** A service name, or a prefix that ends in `.*`; `*` alone is every service. */
export const servicePattern = text(
  /^(?:\*|(?:[\w-]+|\$\{[\w.-]+\})(?:\.(?:[\w-]+|\$\{[\w.-]+\}))*(?:\.\*)?)$/,
  'a service name such as mesh.trust.apply, or a prefix such as mesh.trust.*',
);

/** A path, or all below one, which ends in `/*`. */
export const pathPattern = text(
  /^(?=\/)(?:\/(?!\.{1,2}(?:\/|$))[\w.~!$&'()+,;=:@-]+)*(?:\/\*?)?$/,
  'a path such as /reports/daily, or /reports/* for all below it',
);

/** An address to call; completed with port 570 where it names none. */
export const address: Check<string> = (value, name, problems) =>
  (typeof value === 'string' ? completeAddress(value) : undefined) ??
  problems.refuse(name, 'host:port, for instance 10.0.0.7:7304 or [fd00::7]:7304', value);

/** A host to bind. */
export const bindHost: Check<string> = (value, name, problems) =>
  (typeof value === 'string' ? parseHost(value) : undefined) ??
  problems.refuse(name, 'a host name or an IP address', value);

/** PEM text, or the path of a file. What is wrong is not quoted: it may be a secret. */
export const pem: Check<string> = (value, name, problems) =>
  typeof value === 'string' && value.trim() !== '' && !value.includes('\0')
    ? value
    : problems.note(`${name} must be PEM text or the path of a file that holds it`);

/** The path of a file or a folder. */
export const path = text(/^[^\0]*[^\0\s][^\0]*$/, 'a path');

/** The path of a file that has routes. */
export const routesFile = text(
  /^[^\0]*[^\0\s][^\0]*\.(?:yaml|yml|json)$/i,
  'the path of a file that ends in .yaml, .yml or .json',
);

/** A token, which stands in a header. What is wrong is not quoted: it is a secret. */
export const token: Check<string> = (value, name, problems) =>
  typeof value === 'string' && /^[\x21-\x7e]{16,1024}$/.test(value)
    ? value
    : problems.note(`${name} must be 16 to 1024 printable ASCII characters without blanks`);
