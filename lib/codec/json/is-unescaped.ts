const WORD = Uint32Array.BYTES_PER_ELEMENT;

/** What is taken from four bytes at once. One that is less than a space then has its highest bit set, or the one above it has. */
const SPACES = 0x20202020;

/** The highest bits of four bytes. */
const HIGH = 0x80808080;

/**
 * Whether bytes are printable ASCII, so that none of them has to be escaped in a string of JSON but the quote and the backslash,
 * which are faster found natively.
 *
 * @param bytes at the beginning of their memory
 */
export function isUnescaped(bytes: Uint8Array, begin: number, end: number): boolean {
  if (end - begin < 2 * WORD) return areBytesUnescaped(bytes, begin, end);
  const firstWord = Math.ceil(begin / WORD) * WORD;
  const lastWord = Math.floor(end / WORD) * WORD;
  return (
    areBytesUnescaped(bytes, begin, firstWord) &&
    areWordsUnescaped(new Uint32Array(bytes.buffer, bytes.byteOffset + firstWord, (lastWord - firstWord) / WORD)) &&
    areBytesUnescaped(bytes, lastWord, end)
  );
}

function areBytesUnescaped(bytes: Uint8Array, begin: number, end: number): boolean {
  for (let at = begin; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < 0x20 || byte >= 0x80) return false;
  }
  return true;
}

/** Four words at a time, which takes half of the time that one at a time takes. */
function areWordsUnescaped(words: Uint32Array): boolean {
  const whole = words.length - (words.length % 4);
  let bits = 0;
  for (let at = 0; at < whole; at += 4)
    bits |= bitsOf(words, at) | bitsOf(words, at + 1) | bitsOf(words, at + 2) | bitsOf(words, at + 3);
  for (let at = whole; at < words.length; at++) bits |= bitsOf(words, at);
  return (bits & HIGH) === 0;
}

/** Has one of the {@link HIGH} bits set if any of the four bytes is below a space or beyond ASCII. */
function bitsOf(words: Uint32Array, at: number): number {
  const word = words[at] as number;
  return (word - SPACES) | word;
}
