import { MESH_CODE_TEXT, MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';

/** A request, taken apart. Neither record has a prototype, so a name such as `constructor` finds nothing that was not sent. */
export interface RpcRequest {
  /** Each argument under its own name. */
  readonly args: Record<string, unknown>;
  /** What travels beside the arguments, by lower-case name. */
  readonly attachments: Record<string, string>;
}

/** The answer to a call that succeeded. */
export interface SuccessEnvelope {
  readonly code: typeof MeshCode.SUCCESS;
  readonly message: string;
  /** The result; `null` for none. */
  readonly content: unknown;
}

/** The answer to a call that failed. */
export interface FailureEnvelope {
  readonly code: string;
  readonly message: string;
  /** The reference sends an empty object; details are ours, and unknown members are skipped by its SDKs. */
  readonly cause: { readonly details?: readonly string[] };
}

/** Attachments of one request. */
export const MAX_ATTACHMENTS = 256;

/** Longest attachment, name and value each, in characters. */
export const MAX_ATTACHMENT_LENGTH = 8192;

/** Longest message of a failure, sent or received, in characters; what is longer is cut. */
export const MAX_MESSAGE_LENGTH = 16_384;

/** Details of one failure, sent or received; the rest is dropped. */
export const MAX_DETAILS = 256;

/** Longest status code received, in characters. */
const MAX_CODE_LENGTH = 64;

/**
 * Takes a decoded request apart: one object, each argument under its own name, beside `attachments` (PROTOCOL 7).
 *
 * @throws MeshError E0000000400 when it is no such object
 */
export function splitRequest(value: unknown): RpcRequest {
  const request = argumentsRecord(value);
  const { attachments: _, ...args } = request;
  return { args: withoutPrototype(args), attachments: readAttachments(own(request, 'attachments')) };
}

/**
 * The arguments of a request that says its attachments elsewhere: the value itself, without its prototype. As in any request,
 * none is named `attachments`.
 *
 * @throws MeshError E0000000400 when it is no object with an argument under each name
 */
export function argumentsOf(value: unknown): Record<string, unknown> {
  const args = argumentsRecord(value);
  if (Object.hasOwn(args, 'attachments')) delete args['attachments'];
  return withoutPrototype(args);
}

function argumentsRecord(value: unknown): Record<string, unknown> {
  if (!isRecord(value)) {
    throw invalidRequest(`it must be one object with each argument under its own name, got ${kindOf(value)}`);
  }
  if (Object.hasOwn(value, '__proto__')) throw invalidRequest("an argument must not be named '__proto__'");
  return value;
}

/** The answer to a call that succeeded. `undefined` is sent as `null`. */
export function successEnvelope(content: unknown): SuccessEnvelope {
  return { code: MeshCode.SUCCESS, message: MESH_CODE_TEXT[MeshCode.SUCCESS], content: content ?? null };
}

/**
 * The answer to a call that failed: code, message and details; neither the stack nor the cause leaves this process. A code
 * that the peer would take for success, or for none, is sent as E0000000500.
 */
export function failureEnvelope({ code, message, details }: MeshError): FailureEnvelope {
  return {
    code: isSuccess(code) || code === '' || code.length > MAX_CODE_LENGTH ? MeshCode.SYSTEM_ERROR : code,
    message: cut(message),
    cause: details.length === 0 ? {} : { details: details.slice(0, MAX_DETAILS).map(cut) },
  };
}

/**
 * Opens a decoded answer: hands out its content (`null` where there is none), or throws the error that it tells of.
 *
 * M's older nodes say `0` for success. Details are read from `cause.details`, where a Nest provider puts them. Peers in
 * Java and Go fill `cause` with `name`, `pos`, `text` and `buff`: name and text, which is a stack trace, become the
 * error's `cause`, for the log; `buff`, a serialised object of their language, is never touched.
 *
 * @throws MeshError with the peer's code, message and details; E0000000616 when the value is no answer
 */
export function openEnvelope(value: unknown): unknown {
  if (!isRecord(value)) throw noEnvelope(`got ${kindOf(value)}`);
  const code = own(value, 'code');
  if (isSuccess(code)) return own(value, 'content') ?? null;
  if (typeof code !== 'string' || code === '' || code.length > MAX_CODE_LENGTH) {
    throw noEnvelope(code === undefined ? `got an object ${keysOf(value)}` : `got a code of ${kindOf(code)}`);
  }
  const message = own(value, 'message') ?? own(value, 'msg');
  const cause = own(value, 'cause');
  throw new MeshError(code, typeof message === 'string' && message !== '' ? cut(message) : undefined, {
    details: detailsOf(cause),
    cause: remoteCause(cause),
  });
}

function isSuccess(code: unknown): boolean {
  return code === MeshCode.SUCCESS || code === '0' || code === 0;
}

function readAttachments(value: unknown): Record<string, string> {
  if (value === undefined || value === null) return withoutPrototype({});
  if (!isRecord(value)) throw invalidRequest(`its attachments must be a map of strings, got ${kindOf(value)}`);
  const names = Object.keys(value);
  if (names.length > MAX_ATTACHMENTS) {
    throw invalidRequest(`it must have at most ${MAX_ATTACHMENTS} attachments, got ${names.length}`);
  }
  // Nearly always nothing needs a change, and a copy made at once costs a third of one made name by name.
  if (names.every((name) => isTidy(name, value[name]))) return withoutPrototype({ ...value } as Record<string, string>);
  const attachments: Record<string, string> = withoutPrototype({});
  for (const name of names) {
    const text = attachmentText(name, value[name]);
    if (text !== undefined) attachments[name.toLowerCase()] = text;
  }
  return attachments;
}

function isTidy(name: string, value: unknown): boolean {
  if (typeof value !== 'string' || value.length > MAX_ATTACHMENT_LENGTH) return false;
  return name.length <= MAX_ATTACHMENT_LENGTH && name !== '__proto__' && name === name.toLowerCase();
}

/** Peers in languages with loose maps send numbers and booleans too, and null for what they do not have. */
function attachmentText(name: string, value: unknown): string | undefined {
  if (name === '__proto__') throw invalidRequest("an attachment must not be named '__proto__'");
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol') {
    throw invalidRequest(`the attachment '${name.slice(0, 100)}' must be a string, got ${kindOf(value)}`);
  }
  const text = typeof value === 'string' ? value : String(value);
  if (name.length > MAX_ATTACHMENT_LENGTH || text.length > MAX_ATTACHMENT_LENGTH) {
    const what = `must be at most ${MAX_ATTACHMENT_LENGTH} characters, name and value each`;
    throw invalidRequest(`the attachment '${name.slice(0, 100)}' ${what}, got ${Math.max(name.length, text.length)}`);
  }
  return text;
}

function detailsOf(cause: unknown): readonly string[] {
  const details = isRecord(cause) ? own(cause, 'details') : undefined;
  if (!Array.isArray(details)) return [];
  return details
    .slice(0, MAX_DETAILS)
    .filter((detail): detail is string => typeof detail === 'string')
    .map(cut);
}

/** What a peer in another language tells of its own exception. */
function remoteCause(cause: unknown): Error | undefined {
  if (!isRecord(cause)) return undefined;
  const name = own(cause, 'name');
  const text = own(cause, 'text');
  if (typeof text !== 'string' || text === '') return undefined;
  const error = new Error(cut(text));
  error.name = typeof name === 'string' && name !== '' ? name.slice(0, 200) : 'RemoteCause';
  error.stack = `${error.name}: ${error.message}`;
  return error;
}

/** Keeps the record one that the engine reads fast, which `Object.create(null)` does not. */
function withoutPrototype<T extends object>(record: T): T {
  return Object.setPrototypeOf(record, null) as T;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own(record: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function cut(text: string): string {
  return text.length > MAX_MESSAGE_LENGTH ? text.slice(0, MAX_MESSAGE_LENGTH) : text;
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function keysOf(record: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(record);
  if (names.length === 0) return 'without members';
  return `with ${names
    .slice(0, 8)
    .map((name) => `'${name.slice(0, 40)}'`)
    .join(', ')}`;
}

function invalidRequest(what: string): MeshError {
  return new MeshError(MeshCode.INVALID_REQUEST, `invalid request: ${what}`);
}

function noEnvelope(what: string): MeshError {
  return new MeshError(MeshCode.ENCODING, `the peer's answer must be an object with a status 'code', ${what}`);
}
