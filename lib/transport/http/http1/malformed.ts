/** The error for an answer that HTTP/1.1 does not allow, or not in so many words. */
export function malformed(why: string): Error {
  return new Error(`what came is no answer in HTTP/1.1: ${why}`);
}
