import { MessageChannel, type MessagePort } from 'node:worker_threads';

/** Of less it is not worth while: to give it back takes about 1 us. */
const LEAST_BYTES = 8 * 1024;

/** A port that is closed: what is handed over to it is gone at once, as the HTML standard has it. */
function closedPort(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port1.close();
  port2.close();
  return port1;
}

/**
 * Gives memory back that stands beside the heap, without waiting until V8 collects what refers to it: by then tens of MiB have come, which
 * the processor has to fetch anew each time, and of which V8 may collect everything.
 */
export class SpentMemory {
  private port: MessagePort | undefined;

  /**
   * Nobody looks at these bytes again: what refers to them finds none. Little is left alone, and so is what shares its memory with others,
   * as small buffers do.
   */
  giveBack({ buffer, byteLength }: Uint8Array): void {
    if (byteLength < LEAST_BYTES || buffer.byteLength !== byteLength || !(buffer instanceof ArrayBuffer)) return;
    this.port ??= closedPort();
    this.port.postMessage(undefined, [buffer]);
  }
}

/** That of this process. */
export const spentMemory = new SpentMemory();
