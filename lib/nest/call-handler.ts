import { Logger } from '@nestjs/common';
import type { MessageHandler } from '@nestjs/microservices';
import { isObservable, type Observable, Subscription } from 'rxjs';
import type { MeshContext } from '../context/mesh-context.js';
import { originalFailure } from './failure-observer.js';

const logger = new Logger('MeshServer');

/** Runs a handler that Nest made: its pipeline, then the controller. Of an Observable the last value is the answer. */
export async function callHandler(
  handler: MessageHandler,
  args: unknown,
  context: MeshContext,
  onEnd?: () => void,
): Promise<unknown> {
  try {
    const result: unknown = await handler(args, context);
    return isObservable(result) ? await lastValue(result, context) : result;
  } catch (outcome) {
    throw originalFailure(outcome, context);
  } finally {
    onEnd?.();
  }
}

/** Runs an event's handlers: the caller learns that they have begun, not how they end. */
export async function callEventHandler(
  handler: MessageHandler,
  args: unknown,
  context: MeshContext,
  onEnd?: () => void,
): Promise<null> {
  const fail = (outcome: unknown) => {
    logger.error(originalFailure(outcome, context));
    onEnd?.();
  };
  try {
    const result: unknown = await handler(args, context);
    if (isObservable(result)) result.subscribe({ error: fail, complete: onEnd });
    else onEnd?.();
  } catch (outcome) {
    fail(outcome);
  }
  return null;
}

/** Runs a handler of streams; `consume` takes what it returned, and ends with the stream. */
export async function callStreamHandler(
  handler: MessageHandler,
  inbound: Observable<unknown>,
  context: MeshContext,
  consume: (result: unknown) => Promise<void>,
  onEnd?: () => void,
): Promise<void> {
  try {
    await consume(await handler(inbound, context));
  } catch (outcome) {
    throw originalFailure(outcome, context);
  } finally {
    onEnd?.();
  }
}

/** The last value of an Observable; it is let go of when the call is given up. */
export function lastValue(source: Observable<unknown>, context: MeshContext): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const subscription = new Subscription();
    const forget = context.cancellation.onCancel((reason) => {
      subscription.unsubscribe();
      reject(reason);
    });
    if (context.cancellation.reason) return;
    let last: unknown;
    const observer = {
      next: (value: unknown) => (last = value),
      error: (error: unknown) => {
        forget();
        reject(error as Error);
      },
      complete: () => {
        forget();
        resolve(last);
      },
    };
    subscription.add(source.subscribe(observer));
  });
}
