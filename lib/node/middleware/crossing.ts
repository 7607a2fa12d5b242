import { Logger } from '@nestjs/common';
import { toAnswerError } from '../../errors/from-unknown.js';
import { MeshCode } from '../../errors/mesh-code.js';
import { MeshError } from '../../errors/mesh-error.js';
import type { Middleware, PassingNext, PassingRequest, PassingResponse } from './middleware.js';
import type { ReadScope } from './scope.js';

/** One middleware, with its name and what passes it. */
export interface ScopedMiddleware {
  readonly name: string;
  readonly middleware: Middleware;
  readonly scope: ReadScope;
}

const logger = new Logger('MeshMiddleware');

/** One request on its way through the middleware that it fits. */
export class Crossing {
  /** What was thrown behind the middleware: its caller is told of it as though there were none. */
  private failure: { readonly error: unknown } | undefined;
  private readonly path: string;
  private readonly service: string;

  /**
   * @param members by priority; what the request came as, and not what they make of it, tells which of them it passes
   * @param last what stands behind
   */
  constructor(
    private readonly members: readonly ScopedMiddleware[],
    private readonly request: PassingRequest,
    private readonly last: PassingNext,
  ) {
    this.path = request.path;
    this.service = request.service;
  }

  /** Sends it on its way. Rejects with what was thrown behind the middleware as it is, else with a `MeshError`. */
  begin(): Promise<PassingResponse> {
    return this.from(0, this.request);
  }

  /** Remembers what was thrown behind the middleware. */
  failed(error: unknown): void {
    this.failure ??= { error };
  }

  /** Whether this was thrown behind the middleware. */
  isFromBehind(error: unknown): boolean {
    return this.failure?.error === error;
  }

  /** The error to tell of something thrown, logged if nobody expected it. */
  told(error: unknown, who: string): MeshError {
    if (error instanceof MeshError) return error;
    const told = toAnswerError(error);
    if (told.code === MeshCode.SYSTEM_ERROR) {
      logger.error(`${who} failed: ${told.message}`, error instanceof Error ? error.stack : undefined);
    }
    return told;
  }

  private from(at: number, request: PassingRequest): Promise<PassingResponse> {
    for (let index = at; index < this.members.length; index++) {
      const member = this.members[index]!;
      if (member.scope.reaches(this.path) && member.scope.serves(this.service)) {
        return this.pass(member, index + 1, request);
      }
    }
    return this.reach(request);
  }

  private async pass(member: ScopedMiddleware, after: number, request: PassingRequest): Promise<PassingResponse> {
    let called = false;
    const next: PassingNext = (changed) => {
      const rest = called ? Promise.reject(twice(member.name)) : this.goOn(member, after, changed);
      called = true;
      // Who does not wait for the rest does not hear of its failure either.
      rest.catch(() => undefined);
      return rest;
    };
    try {
      return checkedResponse(member.name, request, await member.middleware.handle(request, next));
    } catch (error) {
      if (this.isFromBehind(error)) throw error;
      throw this.told(error, `the middleware '${member.name}'`);
    }
  }

  private async goOn({ name }: ScopedMiddleware, after: number, changed: PassingRequest): Promise<PassingResponse> {
    return this.from(after, checkedRequest(name, this.request, changed));
  }

  private async reach(request: PassingRequest): Promise<PassingResponse> {
    try {
      return await this.last(request);
    } catch (error) {
      this.failed(error);
      throw error;
    }
  }
}

function twice(name: string): MeshError {
  return wrong(name, 'called next a second time: a request is handed on once');
}

function checkedRequest(name: string, { kind }: PassingRequest, changed: PassingRequest): PassingRequest {
  if (changed?.kind !== kind) throw wrong(name, `handed on no ${kind}: give next the request, or a changed copy of it`);
  if (kind === 'call' && !(changed.body instanceof Uint8Array)) throw wrong(name, 'handed on a call without bytes');
  if (kind !== 'call' && !isIterable(changed.body)) throw wrong(name, `handed on a ${kind} without a body to iterate`);
  return changed;
}

function checkedResponse(name: string, { kind }: PassingRequest, response: PassingResponse): PassingResponse {
  const body: unknown = response?.body;
  if (body instanceof Uint8Array || (kind !== 'call' && isIterable(body))) return response;
  throw wrong(name, `gave no answer to a ${kind}: return what next gives, or an answer with a body of bytes`);
}

function isIterable(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}

function wrong(name: string, what: string): MeshError {
  return new MeshError(MeshCode.SYSTEM_ERROR, `the middleware '${name}' ${what}`);
}
