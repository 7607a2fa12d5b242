import type { MeshError } from '../errors/mesh-error.js';

/** A message that still has to be unpacked before it can be read. */
export interface Packed {
  /** Its size as it is held, in bytes. */
  readonly length: number;
  /** @throws MeshError when it cannot be unpacked */
  unpack(): Promise<Uint8Array>;
}

/** Messages held before the sender is asked to wait. */
const MAX_MESSAGES = 512;

/** Bytes held before the sender is asked to wait. */
const MAX_BYTES = 1024 * 1024;

/** What an {@link Inbox} tells the stream that fills it. */
export interface InboxOwner {
  /** It was full, and has room again. */
  onRoom(): void;
  /** The reader wants no more. */
  onLeft(): void;
  /** A message that had to wait was read, or dropped. */
  onTaken?(message: Uint8Array | Packed): void;
}

interface Reader {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void;
  readonly reject: (error: MeshError) => void;
}

type End = { readonly failure: MeshError | undefined };

const done = Object.freeze({ value: undefined, done: true } as const);

/**
 * The messages of a stream that have arrived and were not read yet. It says when it is full; the sender is then asked to wait
 * until half of it is free. What has arrived is read before the end, or the failure, is seen.
 */
export class Inbox implements AsyncIterableIterator<Uint8Array, undefined> {
  private items: (Uint8Array | Packed)[] = [];
  private bytes = 0;
  private wasFull = false;
  private readonly readers: Reader[] = [];
  private over: End | undefined;

  constructor(private readonly owner: InboxOwner) {}

  /** Whether the sender should wait, until the owner is told of room. */
  get full(): boolean {
    return this.wasFull;
  }

  /** Whether somebody waits for the next message. */
  get isAwaited(): boolean {
    return this.readers.length > 0;
  }

  /** Whether nothing more is taken: what is added is dropped. */
  get isOver(): boolean {
    return this.over !== undefined;
  }

  /** Adds a message; after the end, it is dropped. */
  push(message: Uint8Array | Packed): void {
    if (this.over) return;
    const reader = this.readers.shift();
    if (reader) return void open(message).then(reader.resolve, reader.reject);
    this.items.push(message);
    this.bytes += message.length;
    if (this.items.length >= MAX_MESSAGES || this.bytes >= MAX_BYTES) this.wasFull = true;
  }

  /** Nothing more comes; with a failure, that is thrown after the last message. Only the first end counts. */
  end(failure?: MeshError): void {
    if (this.over) return;
    this.over = { failure };
    for (const reader of this.readers.splice(0)) {
      if (failure) reader.reject(failure);
      else reader.resolve(done);
    }
  }

  /** Drops what has arrived, and ends. */
  drop(failure?: MeshError): void {
    const dropped = this.items;
    this.items = [];
    this.bytes = 0;
    this.wasFull = false;
    this.end(failure);
    for (const message of dropped) this.owner.onTaken?.(message);
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const message = this.items.shift();
    if (message) {
      this.bytes -= message.length;
      this.owner.onTaken?.(message);
      if (this.wasFull) this.tellRoom();
      return open(message);
    }
    if (!this.over) return new Promise((resolve, reject) => this.readers.push({ resolve, reject }));
    return this.over.failure ? Promise.reject(this.over.failure) : Promise.resolve(done);
  }

  /** The reader has left its loop. */
  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    const { wasFull } = this;
    const left = !this.over;
    this.drop();
    if (left && wasFull) this.owner.onRoom();
    if (left) this.owner.onLeft();
    return Promise.resolve(done);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private tellRoom(): void {
    if (this.items.length > MAX_MESSAGES / 2 || this.bytes > MAX_BYTES / 2) return;
    this.wasFull = false;
    this.owner.onRoom();
  }
}

async function open(message: Uint8Array | Packed): Promise<IteratorResult<Uint8Array, undefined>> {
  return { value: message instanceof Uint8Array ? message : await message.unpack(), done: false };
}
