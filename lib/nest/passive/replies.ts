import { from, isObservable, type Observable, of } from 'rxjs';
import { filter, map, tap } from 'rxjs/operators';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';

/** What a handler answers with: bytes, or an iterable, whose next bytes are asked for when those before were accepted. */
export type Reply = Uint8Array | AsyncIterable<unknown>;

/** Pushes the bytes of one answer. */
export type PushReply = (payload: Uint8Array, signal: AbortSignal) => Promise<void>;

/**
 * The answers in what a handler returned. A handler that answers nothing returns `undefined`, which an interceptor makes an
 * Observable of `undefined`.
 *
 * @param onNothing told of each `undefined`
 * @throws MeshError E0000000400, in the Observable, for what is neither bytes nor an iterable of them
 */
export function repliesOf(result: unknown, onNothing: () => void): Observable<Reply> {
  const values: Observable<unknown> = isObservable(result) ? from(result) : of(result);
  return values.pipe(
    tap((value) => {
      if (value === undefined) onNothing();
    }),
    filter((value) => value !== undefined),
    map((value) => (isAsyncIterable(value) ? value : checkBytes(value))),
  );
}

/** The bytes that an answer takes up while it waits. */
export function replySize(reply: Reply): number {
  return reply instanceof Uint8Array ? reply.byteLength : 0;
}

/** Pushes an answer: of an iterable one value after the other, as each was accepted. */
export async function pushReply(reply: Reply, push: PushReply, signal: AbortSignal): Promise<void> {
  if (reply instanceof Uint8Array) return push(reply, signal);
  const values = reply[Symbol.asyncIterator]();
  // Not waited for: a generator that waits for something itself returns when it has that.
  const stop = (): void => void values.return?.()?.catch(() => undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (let next = await values.next(); next.done !== true && !signal.aborted; next = await values.next()) {
      await push(checkBytes(next.value), signal);
    }
  } catch (error) {
    stop();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function checkBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  const got = value === null ? 'null' : Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
  throw new MeshError(MeshCode.INVALID_REQUEST, `a handler of a stream answers with Uint8Array, got ${got}`);
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
