/** Memory of a process, in bytes. */
export interface MemoryUse {
  /** Objects, and buffers beside the heap. */
  readonly heap: number;
  /** What the operating system has given to the process. */
  readonly rss: number;
}
