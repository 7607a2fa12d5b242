import { type BigIntStats, type FSWatcher, statSync, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How often the file is looked at by itself, in ms. */
const POLL_MS = 1_000;

/** A file that changes is read once it has not changed for so long, in ms; it is looked at so often before that, at most. */
const QUIET_MS = 30;
const MAX_LOOKS = 20;

/**
 * Tells when a file has other content: written in place, replaced by another (as editors do), or behind a symbolic link that
 * leads elsewhere (as Kubernetes does with its folders). The folder is watched, and the file looked at every second besides,
 * since there are systems and file systems that tell of nothing. It keeps no process alive.
 */
export class FileWatch {
  private readonly timer: NodeJS.Timeout;
  private folder: FSWatcher | undefined;
  private seen: string;
  private looking: Promise<void> | undefined;
  private isAsked = false;
  private isClosed = false;

  /**
   * Watches from now on: who reads the file after this misses nothing.
   *
   * @param changed told of a change, once the file is quiet
   * @param pollMs how often the file is looked at when the system tells nothing, in ms
   */
  constructor(
    private readonly path: string,
    private readonly changed: () => void,
    pollMs = POLL_MS,
  ) {
    this.seen = stampNow(path);
    this.folder = this.watchFolder();
    this.timer = setInterval(() => this.look(), pollMs).unref();
  }

  /** Ends it. */
  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
    this.folder?.close();
  }

  private watchFolder(): FSWatcher | undefined {
    try {
      const folder = watch(dirname(this.path), { persistent: false }, () => this.look());
      return folder.on('error', () => folder.close());
    } catch {
      return undefined;
    }
  }

  private look(): void {
    this.isAsked = true;
    this.looking ??= this.lookUntilQuiet().finally(() => (this.looking = undefined));
  }

  private async lookUntilQuiet(): Promise<void> {
    while (this.isAsked && !this.isClosed) {
      this.isAsked = false;
      const stamp = await this.quietStamp();
      if (stamp === this.seen || this.isClosed) continue;
      this.seen = stamp;
      this.changed();
    }
  }

  /** What the file shows once it stays the same: it may be in the middle of being written. */
  private async quietStamp(): Promise<string> {
    let stamp = await stampOf(this.path);
    for (let looks = 1; looks < MAX_LOOKS && stamp !== this.seen; looks++) {
      await sleep(QUIET_MS, undefined, { ref: false });
      const next = await stampOf(this.path);
      if (next === stamp) break;
      stamp = next;
    }
    return stamp;
  }
}

async function stampOf(path: string): Promise<string> {
  return stat(path, { bigint: true }).then(written, missing);
}

function stampNow(path: string): string {
  try {
    return written(statSync(path, { bigint: true }));
  } catch (error) {
    return missing(error);
  }
}

function written({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join('/');
}

function missing(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'missing';
}
