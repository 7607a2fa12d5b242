import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where an input is kept: `corpus` has recordings, `regressions` what once failed, `findings` what fails now. */
export type Shelf = 'corpus' | 'regressions' | 'findings';

/** An input, and the file that it is from. */
export interface Seed {
  readonly file: string;
  readonly bytes: Buffer;
}

const here = fileURLToPath(new URL('.', import.meta.url));

/** The inputs of a target that are kept; none where there is no folder. */
export function seedsOf(shelf: Shelf, target: string): readonly Seed[] {
  const folder = join(here, shelf, target);
  let files: readonly string[];
  try {
    files = readdirSync(folder).filter((file) => file.endsWith('.hex'));
  } catch {
    return [];
  }
  return files.toSorted().map((file) => ({ file, bytes: fromHex(readFileSync(join(folder, file), 'utf8')) }));
}

/** Keeps an input. @returns the file */
export function keep(shelf: Shelf, target: string, bytes: Buffer, name = digestOf(bytes)): string {
  const folder = join(here, shelf, target);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.hex`);
  writeFileSync(file, toHex(bytes));
  return file;
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

/** Lines of 64 bytes. A run of the same line is written once, with its count. */
function toHex(bytes: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const line = bytes.toString('hex', at, at + 64);
    let times = 0;
    for (; bytes.toString('hex', at, at + 64) === line && at < bytes.length; at += 64) times++;
    lines.push(times > 1 ? `${line} * ${times}` : line);
  }
  return `${lines.join('\n')}\n`;
}

function fromHex(text: string): Buffer {
  const lines = text.split('\n').map((line) => {
    const [hex = '', times = '1'] = line.split(' * ');
    return hex.repeat(Number(times));
  });
  return Buffer.from(lines.join(''), 'hex');
}
