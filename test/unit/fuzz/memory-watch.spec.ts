import { describe, expect, it } from 'vitest';
import { MemoryWatch, type Memory } from '../../fuzz/memory-watch.js';

const MIB = 1_024 * 1_024;

/** What is used look by look, the last from then on. */
function looks(...memories: readonly Partial<Memory>[]): () => Promise<Memory> {
  let next = 0;
  return async () => {
    const { used = 0, rss = 0 } = memories[Math.min(next++, memories.length - 1)] ?? {};
    return { used: used * MIB, rss: rss * MIB };
  };
}

async function watching(...memories: readonly Partial<Memory>[]): Promise<MemoryWatch> {
  const watch = new MemoryWatch(() => 0, looks(...memories));
  await watch.begun();
  return watch;
}

describe('the memory of what is fuzzed', () => {
  it('may grow by some MiB, and it is known by how many', async () => {
    const watch = await watching({ used: 100 }, { used: 108 }, { used: 90 });
    await watch.check();
    await watch.check();
    expect(watch.grown).toBe(8 * MIB);
  });

  it('may not grow by more', async () => {
    const watch = await watching({ used: 100 }, { used: 109 });
    await expect(watch.check()).rejects.toThrow('after a collection 9 MiB more are used than after the warm-up');
  });

  it('may be more for a moment, until connections are closed', async () => {
    const watch = await watching({ used: 100 }, { used: 150 }, { used: 150 }, { used: 101 });
    await watch.check();
    expect(watch.grown).toBe(MIB);
  });

  it('may not be taken from the system without end', async () => {
    const watch = await watching({ rss: 100 }, { rss: 613 });
    await expect(watch.check()).rejects.toThrow("513 MiB more of the system's memory");
  });

  it('may have what is kept on purpose', async () => {
    let kept = 0;
    const watch = new MemoryWatch(() => kept, looks({ used: 100 }, { used: 200 }));
    await watch.begun();
    kept = 95 * MIB;
    await watch.check();
    expect(watch.grown).toBe(5 * MIB);
  });

  it('is not looked at before it is time to, nor judged before the warm-up is over', async () => {
    const watch = new MemoryWatch(() => 0, looks({ used: 100 }, { used: 500 }));
    await watch.check();
    await watch.begun();
    await watch.lookInTime();
    expect(watch.grown).toBe(0);
  });
});
