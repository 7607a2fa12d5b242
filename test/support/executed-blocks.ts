import { Session } from 'node:inspector/promises';

/**
 * Counts the blocks of code that run while a function does: the same count for the same work, however fast the machine is. Loops
 * and recursion show, time does not.
 *
 * @param folder only code of files whose address contains it is counted
 */
export async function executedBlocks(folder: string, run: () => Promise<void>): Promise<number> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    await session.post('Profiler.takePreciseCoverage');
    await run();
    const { result } = await session.post('Profiler.takePreciseCoverage');
    const files = result.filter(({ url }) => url.includes(folder));
    const blocks = files.flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges));
    return blocks.reduce((sum, { count }) => sum + count, 0);
  } finally {
    session.disconnect();
  }
}
