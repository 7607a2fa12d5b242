import { isUnescaped } from './is-unescaped.js';

/** Characters of a string that is looked at before it is written. `JSON.stringify` looks at each of them, several times as long. */
export const LONG_STRING = 1_024;

/** Characters of a long string that are looked at to guess what it is written in. */
const SAMPLES = 8;

/**
 * JSON as it is put together. A long string stays apart as it is, between quotes in the text around it: neither is it joined to
 * what stands before and behind it, nor escaped, where its bytes show that it need not be.
 */
export class JsonText {
  /** Text and long strings in turn; what is added next goes behind them. */
  private readonly parts: string[] = [];
  private text = '';

  /** Adds what is JSON already. */
  add(json: string): void {
    this.text += json;
  }

  /** Adds a string. */
  addString(value: string): void {
    if (value.length < LONG_STRING || mustBeEscaped(value)) this.text += JSON.stringify(value);
    else if (seemsAscii(value)) this.addApart(value);
    else this.text += `"${escaped(value)}"`;
  }

  /** Adds a string in which nothing needs to be escaped. */
  addClean(value: string): void {
    if (value.length < LONG_STRING) this.text += `"${value}"`;
    else this.addApart(value);
  }

  /** All of it in UTF-8. */
  toBytes(): Buffer {
    if (this.parts.length === 0) return Buffer.from(this.text);
    const parts = [...this.parts, this.text];
    return written(parts) ?? Buffer.from(parts.map((part, at) => (isApart(at) ? escaped(part) : part)).join(''));
  }

  private addApart(value: string): void {
    this.parts.push(`${this.text}"`, value);
    this.text = '"';
  }
}

/** Whether the part of this index is a long string. */
function isApart(index: number): boolean {
  return index % 2 === 1;
}

/** What most often needs to be escaped. */
function mustBeEscaped(text: string): boolean {
  return text.includes('\n') || text.includes('"') || text.includes('\\');
}

/** A look at some characters, so that text of another script is seldom written twice. */
function seemsAscii(text: string): boolean {
  for (let sample = 0; sample < SAMPLES; sample++) {
    if (text.charCodeAt(Math.floor((sample * text.length) / SAMPLES)) >= 0x80) return false;
  }
  return true;
}

/** The bytes of all parts, when each long string is its own JSON in ASCII. */
function written(parts: readonly string[]): Buffer | undefined {
  const bytes = Buffer.allocUnsafeSlow(lengthOf(parts));
  let end = 0;
  for (let at = 0; at < parts.length; at++) {
    const begin = end;
    end += bytes.write(parts[at] as string, begin);
    if (isApart(at) && !isUnescaped(bytes, begin, end)) return undefined;
  }
  return end === bytes.length ? bytes : undefined;
}

/** Bytes of all parts, with one for each character of a long string. */
function lengthOf(parts: readonly string[]): number {
  let length = 0;
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at] as string;
    length += isApart(at) ? part.length : Buffer.byteLength(part);
  }
  return length;
}

/** A string between its quotes as JSON has it. */
function escaped(text: string): string {
  const quoted = `"${text}"`;
  return isItself(text, quoted) ? text : JSON.stringify(text).slice(1, -1);
}

/** Whether a string in quotes is the JSON of that string: found out in a third of the time that it takes to write it. */
function isItself(text: string, quoted: string): boolean {
  try {
    return JSON.parse(quoted) === text && text.isWellFormed();
  } catch {
    return false;
  }
}
