import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { seedsOf } from '../../fuzz/corpus.js';
import { mutate } from '../../fuzz/mutations.js';
import { Random } from '../../fuzz/random.js';
import type { Rig } from '../../fuzz/target.js';
import { CLIENT } from '../../fuzz/targets/client.js';
import { TARGETS } from '../../fuzz/targets/targets.js';

describe.each(TARGETS.map(([target]) => target))('what was fuzzed: $name', (target) => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await target.open();
  });

  afterAll(() => rig.close());

  const kept = [...seedsOf('corpus', target.name), ...seedsOf('regressions', target.name)];

  it.each(kept)('is read without harm: $file', async ({ bytes }) => {
    await rig.feed(bytes);
    await rig.check();
  });

  it('is read without harm when it is mutated', async () => {
    const random = new Random(1);
    for (let i = 0; i < 20; i++)
      await rig.feed(mutate(random.of(kept).bytes, random.of(kept).bytes, target.shape, random));
    await rig.check();
  });
});

it('a caller takes the recorded answers for its own', async () => {
  const rig = await CLIENT.open();
  onTestFinished(() => rig.close());
  const [recorded] = seedsOf('corpus', CLIENT.name);
  expect(await rig.feed(recorded!.bytes)).toMatch(/an answer, an answer, it was told to fail/);
});

describe('mutations', () => {
  it('are the same for the same seed, and others for another', () => {
    const input = seedsOf('corpus', 'frames')[0]!.bytes;
    const outputs = (seed: number): string[] => {
      const random = new Random(seed);
      return Array.from({ length: 200 }, () => mutate(input, input, 'frames', random).toString('base64'));
    };
    expect(outputs(1)).toEqual(outputs(1));
    expect(new Set([...outputs(1), ...outputs(2)]).size).toBeGreaterThan(300);
  });
});
