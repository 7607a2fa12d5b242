import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { ResolvedMeshOptions } from '../../options/mesh-options.js';
import type { QueueKey, SessionMessage } from '../store.js';

/** Longest session id and longest message id in UTF-8, in bytes. */
const MAX_ID_BYTES = 1_024;

/**
 * Checks which queue is meant.
 *
 * @throws MeshError E0000000400 when the session is missing, or one of the names is too long
 */
export function checkKey({ session, topic }: QueueKey, { maxTopicBytes }: ResolvedMeshOptions['sessions']): void {
  if (session === '') throw new MeshError(MeshCode.INVALID_REQUEST, 'the session id is missing');
  checkLength('session id', session, MAX_ID_BYTES);
  checkLength('topic', topic, maxTopicBytes);
}

/**
 * Checks that a message can be held at all.
 *
 * @throws MeshError E0000000413 when it would not even fit into an empty store, E0000000400 when its id is too long
 */
export function checkMessage(message: SessionMessage, size: number, options: ResolvedMeshOptions['sessions']): void {
  checkLength('message id', message.id, MAX_ID_BYTES);
  const most = Math.min(options.maxQueueBytes, options.maxBytes);
  if (size <= most) return;
  const text = `the message has ${size} bytes, and a session takes at most ${most}`;
  throw new MeshError(MeshCode.MESSAGE_TOO_LONG, text);
}

/** A character has three bytes at most, so most texts need not be measured. */
function checkLength(what: string, text: string, maxBytes: number): void {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return;
  throw new MeshError(MeshCode.INVALID_REQUEST, `the ${what} must be at most ${maxBytes} bytes long`);
}
