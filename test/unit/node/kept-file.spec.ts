import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeptFile } from '../../../lib/node/kept-file.js';
import { caught } from '../../support/caught.js';
import { thrownBy } from '../../support/dialect-fixtures.js';
import { temporaryFolder } from '../../support/folder.js';

describe('KeptFile', () => {
  it('is nothing until it is written, in a folder that is made for it', async () => {
    const file = new KeptFile(join(temporaryFolder(), 'a', 'b', 'kept.json'));
    expect(file.read()).toBeUndefined();
    await file.write('one 节点');
    await file.write('two');
    expect(file.read()).toBe('two');
  });

  it('is for nobody but its owner', async () => {
    const folder = join(temporaryFolder(), 'data');
    const file = new KeptFile(join(folder, 'kept.json'));
    await file.write('secret');
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('is as it was when a write ended in the middle, and is written again after that', async () => {
    const folder = temporaryFolder();
    const file = new KeptFile(join(folder, 'kept.json'));
    await file.write('old');
    writeFileSync(`${file.path}.new`, 'half of wh');
    expect(file.read()).toBe('old');
    await file.write('new');
    expect(file.read()).toBe('new');
    expect(readdirSync(folder)).toEqual(['kept.json']);
  });

  it('is never written in place: who has it open reads the old text to its end', async () => {
    const file = new KeptFile(join(temporaryFolder(), 'kept.json'));
    await file.write('old');
    const { ino } = statSync(file.path);
    await file.write('new');
    expect(statSync(file.path).ino).not.toBe(ino);
  });

  it('says why it cannot be written, leaves no part of it, and keeps what was there', async () => {
    const folder = temporaryFolder();
    const file = new KeptFile(join(folder, 'kept.json'));
    mkdirSync(join(file.path, 'inside'), { recursive: true });
    const error = await caught(file.write('x'));
    expect(error.code).toBe('E0000000500');
    expect(error.message).toMatch(/kept\.json: cannot be written: E[A-Z]+/);
    expect(readdirSync(folder)).toEqual(['kept.json']);

    writeFileSync(join(folder, 'file'), 'as it was');
    expect((await caught(new KeptFile(join(folder, 'file', 'kept.json')).write('x'))).code).toBe('E0000000500');
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('as it was');
  });

  it('says why it cannot be read', () => {
    const folder = temporaryFolder();
    const error = thrownBy(() => new KeptFile(folder).read());
    expect(error.code).toBe('E0000000400');
    expect(error.message).toContain(`${folder}: cannot be read: EISDIR`);
  });
});
