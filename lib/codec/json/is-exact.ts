/** Whether the digits of a number say all of it. Beyond 2^53 they may have been those of another integer. */
export function isExact(value: number): boolean {
  return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER;
}
