import { Catch, type ExceptionFilter, type Type } from '@nestjs/common';
import { MESSAGES } from '@nestjs/core/internal';
import { RpcException } from '@nestjs/microservices';
import { MeshContext } from '../context/mesh-context.js';

/**
 * Nest's default filter for microservices replaces what is no `RpcException` by "Internal server error", and a code would
 * be lost with it. So this class stands in a filter's list of what it catches: asked whether a failure is one of its own,
 * it notes the failure on the call under way, and says no. Filters of the application are not disturbed.
 */
class AnyFailure {
  static [Symbol.hasInstance](failure: unknown): boolean {
    const context = MeshContext.current();
    if (context) context.failure = failure;
    return false;
  }
}

/** See {@link AnyFailure}: never catches. @internal */
@Catch(AnyFailure as Type)
export class FailureObserver implements ExceptionFilter {
  catch(failure: unknown): never {
    throw failure;
  }
}

/**
 * The failure behind what came out of Nest's pipeline: the one noted, when it was Nest's default filter that turned it
 * into what came out; else what came out, which a filter of the application made.
 */
export function originalFailure(outcome: unknown, context: MeshContext): unknown {
  const noted = context.failure;
  if (noted === undefined || outcome === noted) return outcome;
  const expected = noted instanceof RpcException ? noted.getError() : MESSAGES.UNKNOWN_EXCEPTION_MESSAGE;
  return isDefaultAnswer(outcome, expected) ? noted : outcome;
}

function isDefaultAnswer(outcome: unknown, message: unknown): boolean {
  if (typeof outcome !== 'object' || outcome === null) return false;
  const answer = outcome as { status?: unknown; message?: unknown };
  return answer.status === 'error' && answer.message === message && Object.keys(answer).length === 2;
}
