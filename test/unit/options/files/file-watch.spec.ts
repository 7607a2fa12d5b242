import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FileWatch } from '../../../../lib/options/files/file-watch.js';
import { eventually } from '../../../support/eventually.js';
import { temporaryFolder } from '../../../support/folder.js';

/** Counts the changes of a file. */
function changesOf(path: string): { readonly count: number } {
  const told = { count: 0 };
  const watch = new FileWatch(path, () => told.count++, 50);
  onTestFinished(() => watch.close());
  return told;
}

describe('FileWatch', () => {
  it('tells when a file is written, and when it is written again', async () => {
    const path = join(temporaryFolder(), 'file');
    writeFileSync(path, '1');
    const told = changesOf(path);
    for (const [index, text] of ['2', '3', '4'].entries()) {
      writeFileSync(path, text);
      await eventually('a change', () => told.count === index + 1);
    }
  });

  it('tells when another file takes its place, time and again, with the same length', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'file');
    writeFileSync(path, '1');
    const told = changesOf(path);
    for (const [index, text] of ['2', '3'].entries()) {
      writeFileSync(join(folder, 'new'), text);
      renameSync(join(folder, 'new'), path);
      await eventually('a change', () => told.count === index + 1);
    }
  });

  it('tells when a link on the way leads elsewhere, as in a folder of Kubernetes', async () => {
    const folder = temporaryFolder();
    for (const version of ['v1', 'v2']) {
      mkdirSync(join(folder, version));
      writeFileSync(join(folder, version, 'file'), version);
    }
    symlinkSync('v1', join(folder, '..data'));
    symlinkSync('..data/file', join(folder, 'file'));
    const told = changesOf(join(folder, 'file'));
    symlinkSync('v2', join(folder, 'next'));
    renameSync(join(folder, 'next'), join(folder, '..data'));
    await eventually('a change', () => told.count === 1);
  });

  it('tells of what the folder does not: a file behind a link, written in its own place', async () => {
    const [folder, elsewhere] = [temporaryFolder(), temporaryFolder()];
    writeFileSync(join(elsewhere, 'file'), '1');
    symlinkSync(join(elsewhere, 'file'), join(folder, 'file'));
    const told = changesOf(join(folder, 'file'));
    writeFileSync(join(elsewhere, 'file'), '2');
    await eventually('a change', () => told.count === 1);
  });

  it('tells when a file goes, and when it comes', async () => {
    const path = join(temporaryFolder(), 'file');
    writeFileSync(path, '1');
    const told = changesOf(path);
    rmSync(path);
    await eventually('a change', () => told.count === 1);
    writeFileSync(path, '1');
    await eventually('a change', () => told.count === 2);
  });

  it('tells nothing of what others in the folder do, nor once it is closed', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'file');
    writeFileSync(path, '1');
    let told = 0;
    const watch = new FileWatch(path, () => told++);
    writeFileSync(join(folder, 'other'), '1');
    await sleep(60);
    writeFileSync(path, '2');
    watch.close();
    await sleep(60);
    expect(told).toBe(0);
  });

  it('bears that there is no folder', async () => {
    const folder = join(temporaryFolder(), 'later');
    const told = changesOf(join(folder, 'file'));
    mkdirSync(folder);
    writeFileSync(join(folder, 'file'), '1');
    await eventually('a change', () => told.count === 1);
  });
});
