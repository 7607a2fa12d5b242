import { getHeapSpaceStatistics, type HeapSpaceInfo } from 'node:v8';

const MIB = 1024 * 1024;

/**
 * Bytes beside the heap after which young memory is collected. From 8 MiB on, with those still in use, V8 (11.3) begins to collect everything
 * as soon as something happens to be made in the old part of its heap.
 */
const STEP_BYTES = 3.5 * MIB;

/** Where so much is made in young memory meanwhile, it fills by itself soon enough. To collect it more often would make what calls under way refer to old. */
const BUSY_BYTES = STEP_BYTES / 2;

/** How long young memory is collected early after V8 has collected everything, in ms. Then it is seen whether it is needed still. */
const EAGER_MS = 2_000;

/** Size of the pages that young memory consists of. */
const PAGE_BYTES = 256 * 1024;

/** What young memory is filled with copies of, as text: so large that each takes a page, of which half is not even touched. */
const FILLING = Buffer.alloc(PAGE_BYTES / 2 - 1024);

/**
 * Young memory of V8, which is collected when it is full. What is read from a socket, and what messages are put together in, stands beside
 * the heap, and only small objects that refer to it fill young memory: before it is full, so much has come that V8 collects everything.
 * That takes ten times as long, and V8 forgets the shapes of objects of which it finds none, with the code compiled for them; what makes
 * them anew makes V8 collect everything again. Where that is seen to happen, young memory is filled here before, so that it is collected
 * by itself.
 */
export class YoungMemory {
  private bytes = 0;
  private eagerUntil = 0;
  /** Bytes of young memory in use when it was looked at last, since V8 has collected everything. */
  private usedBefore: number | undefined;
  /** Emptied when V8 has collected all, and not when it has collected young memory. */
  private sentinel: WeakRef<object> = new WeakRef({});

  /** @param spaces says how large the parts of the heap are */
  constructor(private readonly spaces: () => readonly HeapSpaceInfo[] = getHeapSpaceStatistics) {}

  /** So many bytes were taken beside the heap, which are not needed for long. */
  note(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes >= STEP_BYTES) this.look();
  }

  private look(): void {
    this.bytes = 0;
    const now = Date.now();
    if (!this.sentinel.deref()) {
      this.sentinel = new WeakRef({});
      this.eagerUntil = now + EAGER_MS;
      this.usedBefore = undefined;
    }
    if (now >= this.eagerUntil) return;
    const { young } = this;
    if (!young) return;
    if (this.fillsByItself(young)) this.usedBefore = young.space_used_size;
    else this.fill(young);
  }

  private get young(): HeapSpaceInfo | undefined {
    return this.spaces().find(({ space_name: name }) => name === 'new_space');
  }

  /** Whether much was made in young memory since it was looked at, or it was collected. */
  private fillsByItself({ space_used_size: used }: HeapSpaceInfo): boolean {
    if (this.usedBefore === undefined) return false;
    const grown = used - this.usedBefore;
    return grown < 0 || grown > BUSY_BYTES;
  }

  private fill({ space_available_size: available }: HeapSpaceInfo): void {
    // One more than there are pages: it is the last one that finds no room.
    const pages = Math.ceil(available / PAGE_BYTES) + 1;
    for (let i = 0; i <= pages; i++) FILLING.toString('latin1');
    this.usedBefore = this.young?.space_used_size;
  }
}

/** That of this process. */
export const youngMemory = new YoungMemory();
