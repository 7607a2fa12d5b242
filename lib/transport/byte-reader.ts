import type { Readable } from 'node:stream';
import type { MeshError } from '../errors/mesh-error.js';

/** What a {@link ByteReader} needs to know of the stream that it reads. */
export interface ByteSource {
  readonly stream: Readable;
  /** Whether what ended has come to its end: some streams end, too, when they break off. */
  isWhole(): boolean;
  /** Why the bytes broke off. */
  failure(): MeshError;
  /** Told before the first byte is taken. */
  onBegin?(): void;
  /** Told when the reader leaves before the end. */
  onLeft?(): void;
}

interface Waiting {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void;
  readonly reject: (error: MeshError) => void;
}

const DONE: IteratorResult<Uint8Array, undefined> = { value: undefined, done: true };

/**
 * Reads the bytes of a stream one chunk after the other, once: no faster than they are taken, with nothing but the stream's own
 * buffer between. What nobody reads is left alone.
 */
export class ByteReader implements AsyncIterableIterator<Uint8Array, undefined> {
  /** Told each time that a chunk is taken. */
  onTaken: (() => void) | undefined;
  private phase: 'untouched' | 'reading' | 'ended' | 'broken off' | 'left' = 'untouched';
  private waiting: Waiting | undefined;
  private readonly wake = (): void => this.look();

  constructor(private readonly source: ByteSource) {
    const { stream } = source;
    stream.on('error', ignore);
    stream.once('end', () => this.finish(source.isWhole() ? 'ended' : 'broken off'));
    stream.once('close', () => this.finish('broken off'));
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.phase === 'untouched') this.begin();
    const chunk = this.take();
    if (chunk) return Promise.resolve({ value: chunk, done: false });
    if (this.phase === 'broken off') return Promise.reject(this.source.failure());
    if (this.phase !== 'reading') return Promise.resolve(DONE);
    return new Promise((resolve, reject) => (this.waiting = { resolve, reject }));
  }

  /** The reader has left its loop. */
  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    const isEarly = this.phase === 'untouched' || this.phase === 'reading';
    this.leave();
    if (isEarly) this.source.onLeft?.();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Reads no more: who waits is told that it is over, and the stream is somebody else's. */
  leave(): void {
    this.source.stream.off('readable', this.wake);
    this.finish('left');
  }

  /** Nothing more is to come, and what came is not all: whoever reads is told. */
  breakOff(): void {
    this.source.stream.off('readable', this.wake);
    this.finish('broken off');
  }

  private begin(): void {
    this.phase = 'reading';
    this.source.onBegin?.();
    this.source.stream.on('readable', this.wake);
  }

  private take(): Uint8Array | undefined {
    if (this.phase !== 'reading') return undefined;
    const chunk = this.source.stream.read() as Uint8Array | null;
    if (chunk) this.onTaken?.();
    return chunk ?? undefined;
  }

  private look(): void {
    const { waiting } = this;
    if (!waiting) return;
    const chunk = this.take();
    if (!chunk) return;
    this.waiting = undefined;
    waiting.resolve({ value: chunk, done: false });
  }

  private finish(phase: 'ended' | 'broken off' | 'left'): void {
    if (this.phase !== 'untouched' && this.phase !== 'reading') return;
    this.phase = phase;
    const { waiting } = this;
    this.waiting = undefined;
    if (phase === 'broken off') waiting?.reject(this.source.failure());
    else waiting?.resolve(DONE);
  }
}

/** `close` follows, and says what there is to say. */
function ignore(): void {}
