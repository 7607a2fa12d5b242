/** What carries the bytes of a connection both ways, in order: a socket, or what stands in for one. It emits what a socket does. */
export interface ByteCarrier {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  /** Bytes received so far. */
  readonly bytesRead: number;
  /** Bytes that wait to be taken. */
  readonly writableLength: number;
  readonly destroyed: boolean;
  /** Whether what it emits is another's, who goes on with it. Absent: it is nobody's but the listener's. */
  readonly keepsChunks?: boolean;
  /** @param written told once the bytes were taken, or will not be */
  write(bytes: Uint8Array, written?: (error?: Error | null) => void): boolean;
  cork(): void;
  uncork(): void;
  /** Ends this side after what was written. */
  end(): void;
  /** Ends both sides at once. */
  destroy(): void;
  pause(): void;
  resume(): void;
  /** Emits `timeout` when nothing was taken or received for so long, in ms; never for 0. */
  setTimeout(ms: number): void;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'timeout', listener: () => void): unknown;
  once(event: 'end' | 'close' | 'finish', listener: () => void): unknown;
  once(event: 'error', listener: (error: Error) => void): unknown;
}

/** What became of what was written: it was handed to the network, or lost with the connection. */
export type Outcome = 'delivered' | 'lost';
