import { Controller } from '@nestjs/common';
import { map, type Observable, take } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  type MeshOptions,
  MeshServer,
  MeshSession,
  MeshSessions,
  type ReceivedMessage,
  SessionStream,
} from 'nestjs-mesh';
import { MeshRuntime } from '../../lib/mesh.runtime.js';
import { eventually } from '../support/eventually.js';
import { startApp } from '../support/mesh-app.js';

const SESSIONS = 30_000;
const MIB = 1_024 * 1_024;
const chat = { topic: 'chat' };

@Controller()
class Once {
  @MeshSession({ topic: 'chat', replyTopic: 'reply' })
  chat(@SessionStream() inbound: Observable<ReceivedMessage>): Observable<Uint8Array> {
    return inbound.pipe(
      take(1),
      map((message) => message.payload),
    );
  }
}

/** Bytes in use, once what is no longer needed was collected. */
async function memory(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function start(controller: new () => object, sessions: MeshOptions['sessions']) {
  const { app, address } = await startApp({ controllers: [controller], options: { sessions: sessions ?? {} } });
  expect(app.get(MeshServer).addresses).toEqual([address]);
  return { sessions: app.get(MeshSessions), runtime: app.get(MeshRuntime), address };
}

describe('the streams of handlers', () => {
  it('leave nothing behind when they and their sessions have ended', async () => {
    const { sessions, runtime } = await start(Once, { repeatWindowMs: 0 });
    const { store } = runtime.sessions;
    const use = async (nth: number): Promise<void> => {
      const session = sessions.open(`session-${nth}`);
      await session.push(new Uint8Array(16), chat);
      // The answer, then the end.
      await session.pop({ topic: 'reply' });
      await session.pop({ topic: 'reply' });
      await session.release();
    };
    const useMany = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i += 100) {
        await Promise.all(Array.from({ length: 100 }, (_, index) => use(i + index)));
      }
    };
    // What is made once, for as many at a time, is no leak.
    await useMany(4_000);
    const before = await memory();
    await useMany(SESSIONS);
    await eventually('all streams have ended', () => runtime.streams.atWork === 0 && runtime.streams.waiting === 0);
    expect(store.stats()).toMatchObject({ sessions: 0, messages: 0, waiting: 0 });
    // The heap is now half a MiB larger, now a MiB smaller, however many there were: that is little for so many.
    expect(((await memory()) - before) / SESSIONS).toBeLessThan(40);
  });

  it('hold no more than their bounds of what is pushed faster than they read', async () => {
    let read = 0;
    @Controller()
    class Slow {
      @MeshSession({ topic: 'chat', prefetch: 1 })
      chat(@SessionStream() inbound: Observable<ReceivedMessage>): void {
        inbound.subscribe((message) => {
          setTimeout(() => {
            read += message.payload.byteLength;
          }, 0);
        });
      }
    }
    const { sessions, address } = await start(Slow, { maxQueueBytes: 4 * MIB, maxBytes: 8 * MIB });
    const session = sessions.open('s', { node: { address } });
    const before = await memory();
    let most = 0;
    for (let i = 0; i < 16; i++) {
      await Promise.all(Array.from({ length: 8 }, () => session.push(new Uint8Array(MIB / 2), chat)));
      if (i % 4 === 3) most = Math.max(most, await memory());
    }
    await eventually('all is read', () => read === 64 * MIB);
    expect(most - before).toBeLessThan(32 * MIB);
  });
});
