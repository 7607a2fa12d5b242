/** The run modes of a call: bits, so that several may hold at once (`mesh-run-mode`, PROTOCOL 2). */
export const RunMode = {
  /** An ordinary call. */
  ROUTINE: 1,
  /** A call made to evaluate the service. */
  PERFORM: 2,
  /** A call under heightened security. */
  DEFENSE: 4,
  /** A call that is being debugged. */
  DEBUG: 8,
  /** A call of a load test: it must not touch production's data. */
  LOAD_TEST: 16,
  /** A call that wants a made-up answer. */
  MOCK: 32,
} as const;

/** One of the bits of {@link RunMode}. */
export type RunMode = (typeof RunMode)[keyof typeof RunMode];

const ALL = 63;

/** Reads the bits of a run mode. What is absent or cannot be understood is {@link RunMode.ROUTINE}. */
export function parseRunMode(text: string | undefined): number {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return RunMode.ROUTINE;
  return Number(text) & ALL || RunMode.ROUTINE;
}

/** Whether a run mode has a bit. */
export function hasRunMode(bits: number, mode: RunMode): boolean {
  return (bits & mode) !== 0;
}
