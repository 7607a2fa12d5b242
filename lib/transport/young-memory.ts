import { getHeapSpaceStatistics, type HeapSpaceInfo } from 'node:v8';

const MIB = 1024 * 1024;

/** What V8 lets come on top of the memory that it found in use before it collects all, beside the size of young memory (11.3, in bytes). */
const GROWING_STEP = 8 * MIB;

/** Share of that which may come before young memory is collected: some of what is under way then lives on until the next time. */
const SHARE = 1 / 3;

/** How long young memory is collected early after V8 has collected all, in ms. */
const EAGER_MS = 10_000;

/** What young memory is filled with copies of, as text: small enough to stand in it. */
const FILLING = Buffer.alloc(64 * 1024);

/**
 * Young memory of V8, which is collected when it is full. What is read from a socket, and what messages are put together in, stands beside
 * the heap, and only small objects that refer to it fill young memory: 24 MiB may have come before it is full, and after these V8 collects
 * everything. It takes ten times as long, and comes again after the next 24 MiB, in any process that was idle once and so has a
 * small heap. Where that is seen to happen, young memory is filled here before, so that it is collected by itself.
 */
export class YoungMemory {
  private bytes = 0;
  private limit = GROWING_STEP * SHARE;
  private eagerUntil = 0;
  /** Emptied when V8 has collected all, and not when it has collected young memory. */
  private sentinel: WeakRef<object> = new WeakRef({});

  /** @param spaces says how large the parts of the heap are */
  constructor(private readonly spaces: () => readonly HeapSpaceInfo[] = getHeapSpaceStatistics) {}

  /** So many bytes were taken beside the heap, which are not needed for long. */
  note(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes >= this.limit) this.look();
  }

  private look(): void {
    this.bytes = 0;
    const now = Date.now();
    if (!this.sentinel.deref()) {
      this.sentinel = new WeakRef({});
      this.eagerUntil = now + EAGER_MS;
    }
    if (now < this.eagerUntil) this.fill();
  }

  private fill(): void {
    const young = this.spaces().find(({ space_name: name }) => name === 'new_space');
    if (!young) return;
    this.limit = (GROWING_STEP + young.space_size) * SHARE;
    for (let left = young.space_available_size; left >= 0; left -= FILLING.length) FILLING.toString('latin1');
  }
}

/** That of this process. */
export const youngMemory = new YoungMemory();
