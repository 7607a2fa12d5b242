import { HttpException } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { codeOfGrpcStatus } from './grpc-status.js';
import { codeOfHttpStatus } from './http-status.js';
import { MESH_CODE_TEXT, MeshCode } from './mesh-code.js';
import { MeshError, type MeshErrorOptions } from './mesh-error.js';
import { validationDetails } from './validation-details.js';

/** Errors of the system that mean that no connection came about, so nothing was sent. */
const NOT_CONNECTED: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'EADDRINUSE',
]);

/** Errors of the system that mean that a connection was lost, whatever had been sent. */
const LOST: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ETIMEDOUT', 'ENETRESET']);

/** What Nest's guards say when they refuse a call without a reason of their own. */
const GUARD_REFUSED = 'Forbidden resource';

/** Causes followed, so that a chain which leads back to itself ends. */
const MAX_CAUSES = 16;

/**
 * Makes a {@link MeshError} of whatever was thrown. This is the one table, by which a provider answers too, but for errors of
 * the system: see {@link toAnswerError}.
 *
 * | thrown | code |
 * |---|---|
 * | `MeshError` | its own, with its details |
 * | `RpcException` of a text | `Forbidden resource` (a guard) E0000000403, else the fallback |
 * | `RpcException` of an object, or a bare object | its `code` (`E…`, or a gRPC status), else its `status` or `statusCode` as HTTP, else the fallback |
 * | `HttpException` | by its status: see `CODE_OF_HTTP_STATUS` |
 * | either, with a list of failures (class-validator, Standard Schema) | as above, E0000000400 when that says nothing; the list becomes `details`, and the message names them |
 * | `AbortError` | E0000000499, unless its cause says more |
 * | `TimeoutError` (of the DOM, of rxjs) | E0000000601 |
 * | `ECONNREFUSED`, `ENOTFOUND`, `EHOSTUNREACH`, …, or any failure to connect | E0000000619, `neverSent` |
 * | `ECONNRESET`, `EPIPE`, … | E0000000607 |
 * | an error with a `code` that looks like `E0000000403` | that code |
 * | any other error whose `cause` is one of these | that of the cause |
 * | anything else | the fallback |
 *
 * What the peer learns: the code, the **message** of the error, and the details of a failed validation. The stack, the
 * cause and all other properties stay in this process (`cause` keeps the original for the log). An application that must
 * not disclose messages maps them in an exception filter.
 *
 * @param fallback the code where the table has none; default E0000000500
 */
export function toMeshError(error: unknown, fallback: MeshCode = MeshCode.SYSTEM_ERROR): MeshError {
  const known = error instanceof Error ? fromChain(error, fallback) : fromPayload(error, fallback, error);
  if (known) return known;
  return convert(isNamed(error, 'AbortError') ? MeshCode.CANCELLED : fallback, textOf(error), error);
}

/**
 * Makes a {@link MeshError} of what a handler threw. It differs from {@link toMeshError} in one thing: an error of the system
 * (`ECONNREFUSED`, `ECONNRESET`, …) is one of the provider's own affairs, such as its database, and E0000000500. To the
 * consumer E0000000607 and E0000000619 say that the provider was not reached.
 */
export function toAnswerError(error: unknown): MeshError {
  const known = toMeshError(error);
  return isSystemError(error) ? convert(MeshCode.SYSTEM_ERROR, known.message, error) : known;
}

/** Whether the first of an error and its causes that the table knows is an error of the system. */
function isSystemError(thrown: unknown): boolean {
  let current = thrown;
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth++) {
    if (current instanceof RpcException || current instanceof HttpException) return false;
    const { code } = current as Error & { readonly code?: unknown };
    if (NOT_CONNECTED.has(code) || LOST.has(code)) return true;
    current = causeOf(current);
  }
  return false;
}

/** The first of an error and its causes that the table knows. */
function fromChain(thrown: Error, fallback: MeshCode): MeshError | undefined {
  let current: unknown = thrown;
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth++) {
    const known = fromError(current, fallback, thrown);
    if (known) return known;
    current = causeOf(current);
  }
  return undefined;
}

function fromError(error: Error, fallback: MeshCode, thrown: Error): MeshError | undefined {
  if (error instanceof MeshError) return error;
  if (error instanceof HttpException) return fromHttp(error, thrown);
  if (error instanceof RpcException)
    return wrapped(error) ? undefined : fromPayload(error.getError(), fallback, thrown);
  if (isNamed(error, 'TimeoutError')) return convert(MeshCode.TIMEOUT, textOf(error), thrown);
  const { code, syscall } = error as Error & { readonly code?: unknown; readonly syscall?: unknown };
  if (typeof code !== 'string') return undefined;
  if (NOT_CONNECTED.has(code) || (LOST.has(code) && syscall === 'connect')) {
    return convert(MeshCode.ADDRESS_UNREACHABLE, textOf(error), thrown, { neverSent: true });
  }
  if (LOST.has(code)) return convert(MeshCode.UNREACHABLE, textOf(error), thrown);
  const stated = codeOf(code);
  return stated === undefined ? undefined : convert(stated, textOf(error), thrown);
}

function fromHttp(error: HttpException, thrown: Error): MeshError {
  const response = error.getResponse();
  const failures =
    typeof response === 'object' ? (response as Readonly<Record<string, unknown>>)['message'] : undefined;
  return describe(codeOfHttpStatus(error.getStatus()), failures, error.message, thrown);
}

/** What an `RpcException` carries, and what Nest's own exception filter leaves of one. */
function fromPayload(payload: unknown, fallback: MeshCode, thrown: unknown): MeshError {
  if (Array.isArray(payload)) return describe(MeshCode.INVALID_REQUEST, payload, undefined, thrown);
  if (typeof payload !== 'object' || payload === null) return fromText(textOf(payload), fallback, thrown);
  const { code, status, statusCode, message, details } = payload as Readonly<Record<string, unknown>>;
  const stated = codeOf(code) ?? codeOfStatus(status) ?? codeOfStatus(statusCode);
  if (Array.isArray(message)) return describe(stated ?? MeshCode.INVALID_REQUEST, message, undefined, thrown);
  const text = typeof message === 'string' ? message : undefined;
  if (stated === undefined) return fromText(text, fallback, thrown);
  return convert(stated, text, thrown, { details: validationDetails(details) });
}

function fromText(text: string | undefined, fallback: MeshCode, thrown: unknown): MeshError {
  return convert(text === GUARD_REFUSED ? MeshCode.FORBIDDEN : fallback, text, thrown);
}

/** An error for what may be a list of failures; when it is none, the message stands for itself. */
function describe(code: string, failures: unknown, message: string | undefined, thrown: unknown): MeshError {
  const details = validationDetails(failures);
  if (!details || details.length === 0) return convert(code, message, thrown);
  const text = (MESH_CODE_TEXT as Readonly<Record<string, string>>)[code] ?? code;
  return convert(code, `${text}: ${details.join('; ')}`, thrown, { details });
}

/** An error is never a success, whatever it says. */
function convert(code: string, message: string | undefined, cause: unknown, options?: MeshErrorOptions): MeshError {
  const failure = code === MeshCode.SUCCESS ? MeshCode.SYSTEM_ERROR : code;
  return new MeshError(failure, message === '' ? undefined : message, { ...options, cause });
}

function codeOf(code: unknown): string | undefined {
  if (typeof code === 'string' && /^E\d{10}$/.test(code)) return code;
  return Number.isInteger(code) && (code as number) > 0 && (code as number) <= 16
    ? codeOfGrpcStatus(code as number)
    : undefined;
}

function codeOfStatus(status: unknown): MeshCode | undefined {
  return Number.isInteger(status) && (status as number) >= 300 && (status as number) < 600
    ? codeOfHttpStatus(status as number)
    : undefined;
}

function causeOf(error: Error): unknown {
  return error instanceof RpcException ? (wrapped(error) ?? error.cause) : error.cause;
}

/** The error that an `RpcException` was made of. */
function wrapped(error: RpcException): Error | undefined {
  const payload = error.getError();
  return payload instanceof Error && payload !== error ? payload : undefined;
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

/** The message; of several errors in one (each address of a host refused), that of the first. */
function textOf(error: unknown): string | undefined {
  if (error instanceof AggregateError && error.message === '') return textOf(error.errors[0]);
  if (error instanceof Error) return error.message;
  // Of an object that is no error there is no text: nobody wrote one for a reader.
  return typeof error === 'object' || typeof error === 'function' || error === undefined ? undefined : String(error);
}
