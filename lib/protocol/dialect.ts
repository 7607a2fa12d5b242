import { defineFamily } from '../kernel/extension-family.js';
import type { SessionAnswer, SessionOperation, SessionRequest } from './session-call.js';
import type { PayloadPlace } from './payload-place.js';

/** A request of the session API as it stands on the wire. */
export interface RawRequest {
  readonly operation: SessionOperation;
  /** `grpc`: the body is protobuf; `http`: the content type says what it is. */
  readonly wire: 'grpc' | 'http';
  /** By lower-case name, without a prototype. */
  readonly headers: Readonly<Record<string, string>>;
  /** What stands behind the `?` of the path, without it. */
  readonly query: string;
  /** Without parameters, lower case; empty when there is none. */
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** An answer of the session API as it stands on the wire. */
export interface RawAnswer {
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** What was written of a message. */
export interface Written {
  /** What stands behind the body: the payload, or nothing. */
  readonly tail?: Uint8Array | undefined;
}

/** Turns the plain fields of a message into bytes of a content type, and back. */
export interface FieldFormat {
  readonly contentType: string;
  encode(fields: Readonly<Record<string, unknown>>): Uint8Array;
  decode(body: Uint8Array): Readonly<Record<string, unknown>>;
}

/**
 * Finds the format of a content type that is no protobuf.
 * @throws MeshError E0000000616 when nothing here understands it; the message names what is understood
 */
export type FieldFormats = (contentType: string) => FieldFormat;

/**
 * How one family of implementations speaks the session API: spelling of headers, layout of messages, what an empty answer
 * looks like. It reads and writes both sides, and does no I/O.
 */
export interface Dialect {
  /**
   * How surely a request is of this dialect, by what it shows: 0 for not at all. The surest dialect reads it; a request
   * that shows nothing is read in the one that the options choose, `standard` by default. Those built in give 2 to 4.
   */
  recognise(request: RawRequest): number;
  /** @throws MeshError E0000000400 or E0000000616 when the request is not well formed */
  readRequest(request: RawRequest, formats: FieldFormats): SessionRequest;
  /**
   * The answer to a request, in the request's own content type.
   *
   * @param place `behind` when a payload may stand behind the body; absent: `within`
   */
  writeAnswer(
    request: RawRequest,
    answer: SessionAnswer,
    formats: FieldFormats,
    place?: PayloadPlace,
  ): RawAnswer & Written;
  /**
   * A request for a peer that speaks this dialect.
   *
   * @param place `behind` when a payload may stand behind the body; absent: `within`
   */
  writeRequest(
    request: SessionRequest,
    wire: 'grpc' | 'http',
    contentType: string,
    formats: FieldFormats,
    place?: PayloadPlace,
  ): RawRequest & Written;
  /** @throws MeshError E0000000616 when the answer is not well formed */
  readAnswer(
    operation: SessionOperation,
    wire: 'grpc' | 'http',
    answer: RawAnswer,
    formats: FieldFormats,
  ): SessionAnswer;
}

/** The family of dialects. The default is `standard`. */
export const DIALECT = defineFamily<Dialect>('dialect', 'standard');
