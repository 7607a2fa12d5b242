import { setTimeout as sleep } from 'node:timers/promises';
import { concatMap, lastValueFrom, map, merge, range, Subject, take, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { MeshCode, type MeshError, type MeshOptions, MeshSessions, type SessionNode } from 'nestjs-mesh';
import { SESSION_STORE, type SessionStore } from 'nestjs-mesh/spi';
import { MeshRuntime } from '../../lib/mesh.runtime.js';
import { startApp, type TestApp } from '../support/mesh-app.js';

const MIB = 1024 * 1024;
/** How many values the source is ahead of what was accepted. */
const AHEAD = 4;
const PREFETCH = 4;
const BOUND = 16 * MIB;

/** Bytes over those in use before that everything together may take: the bound, what is on its way, and what is not collected yet. */
const TOLERATED = 160 * MIB;

const topic = 'large';
const content = Buffer.from(Array.from({ length: MIB }, (_, i) => (i * 2_654_435_761) >>> 24));

/** The n-th message: no two are alike. */
function message(n: number): Buffer {
  const bytes = Buffer.from(content);
  bytes.writeUInt32BE(n);
  return bytes;
}

/** Compares every byte. */
function check(n: number, payload: Uint8Array): void {
  const at = `message ${n}`;
  expect(Buffer.from(payload.buffer, payload.byteOffset, 4).readUInt32BE(), at).toBe(n);
  expect(content.subarray(4).equals(payload.subarray(4)), at).toBe(true);
}

function storeOf({ app }: TestApp): SessionStore {
  return app.get(MeshRuntime).extensions.get(SESSION_STORE);
}

function inUse(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Looks at the memory in use, over and over. */
class Watch {
  most = 0;
  private readonly before = inUse();
  private readonly timer = setInterval(() => this.look(), 20);

  look(): void {
    this.most = Math.max(this.most, inUse() - this.before);
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

interface Way {
  readonly name: string;
  readonly node: Omit<SessionNode, 'address'>;
  readonly options: MeshOptions;
  /** Each of 1 MiB. */
  readonly messages: number;
}

const ways: readonly Way[] = [
  { name: 'gRPC', node: { transport: 'grpc' }, options: {}, messages: 1_024 },
  { name: 'TCP', node: { transport: 'tcp' }, options: {}, messages: 256 },
  { name: 'HTTP/1.1', node: { transport: 'http' }, options: {}, messages: 256 },
  { name: 'HTTP/2', node: { transport: 'http' }, options: { http: { version: '2' } }, messages: 256 },
];

describe.each(ways)('$messages MiB from an Observable to an Observable, over $name', ({ node, options, messages }) => {
  async function start(sessions: MeshOptions['sessions']) {
    const served = await startApp({ options: { sessions: { maxQueueBytes: BOUND, maxBytes: BOUND, ...sessions } } });
    const open = async () => {
      const { app } = await startApp({ options });
      return app.get(MeshSessions).open('s', { node: { address: served.address, ...node } });
    };
    return { store: storeOf(served), writer: await open(), reader: await open() };
  }

  it('takes no more memory than its bounds, however slow the reader is', { timeout: 180_000 }, async () => {
    const { store, writer, reader } = await start({ whenFull: 'wait' });
    const accepted = new Subject<void>();
    // Each value that was accepted asks for the next.
    const source = merge(range(0, AHEAD), accepted).pipe(
      map((_unused, n) => message(n)),
      take(messages),
    );
    globalThis.gc?.();
    const watch = new Watch();
    let most = 0;
    const written = lastValueFrom(
      source.pipe(
        writer.pushTo({ topic }),
        tap(() => accepted.next()),
      ),
    );
    let read = 0;
    const slowly = async (payload: Uint8Array): Promise<void> => {
      check(read++, payload);
      most = Math.max(most, store.stats().bytes);
      // Now and then it reads no more until nothing fits in any more.
      if (read % 128 !== 64) return;
      while (store.stats().bytes + MIB <= BOUND) await sleep(1);
      await sleep(20);
    };
    await lastValueFrom(
      reader.messages({ topic, prefetch: PREFETCH }).pipe(
        concatMap(({ payload }) => slowly(payload)),
        take(messages),
      ),
    );
    await written;
    watch.stop();
    expect(read).toBe(messages);
    expect(most).toBe(BOUND);
    expect(watch.most).toBeLessThan(TOLERATED);
  });

  it('ends with E0000000700 where a full queue fails, and keeps what was accepted', async () => {
    const { store, writer, reader } = await start({ whenFull: 'fail' });
    const accepted = new Subject<void>();
    let count = 0;
    const source = merge(range(0, AHEAD), accepted).pipe(map((_unused, n) => message(n)));
    const error = await lastValueFrom(
      source.pipe(
        writer.pushTo({ topic }),
        tap(() => count++),
        tap(() => accepted.next()),
      ),
    ).catch((thrown: MeshError) => thrown);
    expect(error).toMatchObject({ code: MeshCode.BUFFER_FULL });
    expect([count, store.stats().bytes]).toEqual([BOUND / MIB, BOUND]);
    for (let n = 0; n < count; n++) check(n, (await reader.pop({ topic }))!);
  });
});
