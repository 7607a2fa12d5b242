import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';

/** Bytes of a code that is made here. */
const CODE_BYTES = 32;

/** Shortest code that is taken, in characters: what is shorter could be guessed. */
const CODE_MIN = 16;

/** Longest code that is taken, in characters. */
export const CODE_MAX = 512;

/** A new authorisation code. It goes along with a request to weave, and proves the consent to it. */
export function newAuthCode(): string {
  return randomBytes(CODE_BYTES).toString('base64url');
}

/** @throws MeshError E0000000400 for a code that could be guessed, or is too long; it is not quoted */
export function checkAuthCode(code: string): void {
  if (code.length >= CODE_MIN && code.length <= CODE_MAX) return;
  const message = `route.auth_code must be ${CODE_MIN} to ${CODE_MAX} characters, got ${code.length}`;
  throw new MeshError(MeshCode.INVALID_REQUEST, message);
}

/** Whether two codes are the same, in a time that does not tell how much of them is. An empty one is no code. */
export function isSameCode(one: string, other: string): boolean {
  return one !== '' && timingSafeEqual(digestOf(one), digestOf(other));
}

function digestOf(code: string): Buffer {
  return createHash('sha256').update(code).digest();
}
