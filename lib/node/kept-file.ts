import { readFileSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';

/**
 * A text in a file, which outlives the process. It is written beside its place, and moved there when it is on the disk: whoever
 * reads it finds the old text or the new one, whatever happens meanwhile. Nobody but the owner may read it.
 */
export class KeptFile {
  /** @param path of the file; its folder is made when something is written */
  constructor(readonly path: string) {}

  /** The text; `undefined` when nothing is kept yet. @throws MeshError E0000000400 when it is there and cannot be read */
  read(): string | undefined {
    try {
      return readFileSync(this.path, 'utf8');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return undefined;
      throw new MeshError(MeshCode.INVALID_REQUEST, `${this.path}: cannot be read: ${message}`, { cause: error });
    }
  }

  /**
   * Keeps a text in the place of the one before. One write at a time is the caller's to see to.
   * @throws MeshError E0000000500 when it cannot be written; what was kept before is then still there
   */
  async write(text: string): Promise<void> {
    const beside = `${this.path}.new`;
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      await rm(beside, { force: true });
      await writeThrough(beside, text);
      await rename(beside, this.path);
      await flushFolder(dirname(this.path));
    } catch (error) {
      await rm(beside, { force: true }).catch(() => undefined);
      const message = `${this.path}: cannot be written: ${(error as Error).message}`;
      throw new MeshError(MeshCode.SYSTEM_ERROR, message, { cause: error });
    }
  }
}

async function writeThrough(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What is moved is safe once its folder is on the disk; where folders cannot be flushed, the system sees to it in its time. */
async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  try {
    await folder?.sync();
  } catch {
    return;
  } finally {
    await folder?.close();
  }
}
