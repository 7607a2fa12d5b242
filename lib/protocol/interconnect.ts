import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import type { FieldFormats, RawRequest } from './dialect.js';
import { decodeFields, type Encoding, isProtobuf, typeOf } from './dialects/content.js';
import { fieldOf, invalid, readBytes, readMetadata } from './dialects/fields.js';
import { Header, isHeaderValue, readHeader, standardSpelling } from './headers.js';
import { decodePtp } from './ptp/protobuf-reader.js';
import { encodePtp } from './ptp/protobuf-writer.js';
import type { SessionOperation } from './session-call.js';

/**
 * How a request travels from node to node: `pass-through` as it came, `wrapped` as the payload of an `Inbound` with its headers
 * beside it (PROTOCOL 5). An answer is an `Outbound` in both, which is field by field a `TransportOutbound`.
 */
export type ForwardMode = 'pass-through' | 'wrapped';

/** A request that another node has handed on, without the operation, which its `x-ptp-uri` says. */
export type ForwardedRequest = Omit<RawRequest, 'operation'>;

type Headers = Readonly<Record<string, string>>;

/** Most nodes that a request may pass. */
export const MAX_NODES_PASSED = 16;

const HTTP_PATH = '/v1/interconn/chan/';
const GRPC_PATH = '/org.ppc.ptp.PrivateTransferTransport/';
const OPERATIONS: readonly SessionOperation[] = ['push', 'pop', 'peek', 'release'];

/** The call that each path stands for. */
const OPERATION_OF_PATH: ReadonlyMap<string, SessionOperation> = new Map(
  OPERATIONS.flatMap((operation) => [
    [HTTP_PATH + operation, operation] as const,
    [GRPC_PATH + operation, operation] as const,
  ]),
);

/** Which mode a request came in: only the version 1 is pass-through. */
export function forwardModeOf(headers: Headers): ForwardMode {
  return headers[Header.VERSION] === '1' ? 'pass-through' : 'wrapped';
}

/**
 * The call that an `x-ptp-uri` stands for: `https://ptp.cn/v1/interconn/chan/push`,
 * `grpcs://ptp.cn/org.ppc.ptp.PrivateTransferTransport/push`, or the path alone. Only the path counts.
 *
 * @throws MeshError E0000000400 when there is none; E0000000404 when its path is none of the session API
 */
export function operationOfUri(uri: string): SessionOperation {
  if (uri === '') throw invalid(`the header '${Header.URI}' is missing: it says which call is meant`);
  const operation = OPERATION_OF_PATH.get(uri) ?? OPERATION_OF_PATH.get(pathOfUri(uri));
  if (operation) return operation;
  const shown = JSON.stringify(uri.slice(0, 200));
  throw new MeshError(MeshCode.NOT_FOUND, `the header '${Header.URI}' names no call of the session API: ${shown}`);
}

/** The path of an `x-ptp-uri`. By hand, since URL takes no bare path, and reads `grpcs:` and `https:` by different rules. */
export function pathOfUri(uri: string): string {
  const path = uri.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

/** The `x-ptp-uri` of a call, as a path, which every implementation understands. */
export function uriOf(operation: SessionOperation, wire: 'grpc' | 'http'): string {
  return (wire === 'grpc' ? GRPC_PATH : HTTP_PATH) + operation;
}

/**
 * The headers with which a request goes on from this node: those of the protocol (`x-ptp-…`, `mesh-…`, `traceparent`), with
 * this node added to those that it has passed. In wrapped mode they are in the standard's spelling.
 *
 * @param nodeId id of this node
 * @throws MeshError E0000000503 when the request has been here, or has passed more than {@link MAX_NODES_PASSED} nodes;
 * E0000000400 when a header cannot be sent
 */
export function forwardHeaders(headers: Headers, { nodeId, operation, wire, mode }: Hop): Record<string, string> {
  const carried = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(mode === 'wrapped' ? standardSpelling(headers) : headers)) {
    if (isCarried(name)) carried[name] = checkHeader(name, value);
  }
  carried[Header.NODES_PASSED] = [...nodesPassed(headers, nodeId), nodeId].join(',');
  carried[Header.URI] = uriOf(operation, wire);
  if (mode === 'pass-through') carried[Header.VERSION] = '1';
  else delete carried[Header.VERSION];
  return carried;
}

/** Where a request goes on to, and from where. */
export interface Hop {
  /** Id of the node that sends it on. */
  readonly nodeId: string;
  readonly operation: SessionOperation;
  readonly wire: 'grpc' | 'http';
  readonly mode: ForwardMode;
}

/**
 * The nodes that a request has passed before this one.
 * @throws MeshError E0000000503 when this one is among them, or they are more than {@link MAX_NODES_PASSED}
 */
export function nodesPassed(headers: Headers, nodeId: string): readonly string[] {
  const passed = (headers[Header.NODES_PASSED] ?? '').split(',', MAX_NODES_PASSED + 1).map((id) => id.trim());
  const nodes = passed.filter((id) => id !== '');
  if (nodes.some((id) => id.toLowerCase() === nodeId.toLowerCase())) {
    throw new MeshError(
      MeshCode.CIRCULAR_REQUEST,
      `the request came back to the node '${nodeId}', which it had passed`,
    );
  }
  if (passed.length <= MAX_NODES_PASSED) return nodes;
  throw new MeshError(MeshCode.CIRCULAR_REQUEST, `the request has passed more than ${MAX_NODES_PASSED} nodes`);
}

/** Wraps the body of a request with its headers, as `Inbound`, in the request's own content type. */
export function wrapInbound(body: Uint8Array, headers: Headers, encoding: Encoding, formats: FieldFormats): Uint8Array {
  if (isProtobuf(encoding)) return encodePtp('Inbound', { metadata: headers, payload: body });
  return formats(typeOf(encoding)).encode({ metadata: headers, payload: body });
}

/** What was wrapped: the body of a request, and its headers by lower-case name. */
export interface Unwrapped {
  readonly body: Uint8Array;
  readonly headers: Record<string, string>;
}

/**
 * Opens an `Inbound`: the body that was wrapped, and its headers, by lower-case name.
 * @throws MeshError E0000000616 when it is malformed; E0000000400 when what it has for headers could not be any
 */
export function unwrapInbound(inbound: Uint8Array, encoding: Encoding, formats: FieldFormats): Unwrapped {
  return isProtobuf(encoding) ? unwrapProtobuf(inbound) : unwrapped(fieldsOf(inbound, encoding, formats));
}

/** Opens an `Inbound` in protobuf. @throws MeshError as {@link unwrapInbound} */
export function unwrapProtobuf(inbound: Uint8Array): Unwrapped {
  return unwrapped(decodePtp('Inbound', inbound));
}

function unwrapped({ metadata, payload }: { readonly metadata: unknown; readonly payload: unknown }): Unwrapped {
  const headers = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(readMetadata(metadata))) {
    headers[name.toLowerCase()] = checkHeader(name, value);
  }
  return { body: readBytes('payload', payload), headers };
}

function fieldsOf(
  inbound: Uint8Array,
  encoding: Encoding,
  formats: FieldFormats,
): { readonly metadata: unknown; readonly payload: unknown } {
  const fields = decodeFields(encoding, inbound, formats);
  return { metadata: fieldOf(fields, 'metadata'), payload: fieldOf(fields, 'payload') ?? '' };
}

/**
 * The request that another node has handed on, as if its caller had come here. What the wrapped headers and those of the
 * call itself both say, the call itself says.
 *
 * @throws MeshError as {@link operationOfUri} and {@link unwrapInbound}
 */
export function readForwarded(request: ForwardedRequest, formats: FieldFormats): RawRequest {
  if (forwardModeOf(request.headers) === 'pass-through') {
    return { ...request, operation: operationOfUri(request.headers[Header.URI] ?? '') };
  }
  const inbound = unwrapInbound(request.body, request, formats);
  // Only an envelope can be wrapped: in the standard's spelling nobody takes it for the raw body of yacl.
  const outer = standardSpelling(request.headers);
  const headers = Object.assign(standardSpelling(inbound.headers), outer);
  return { ...request, headers, body: inbound.body, operation: operationOfUri(readHeader(headers, Header.URI) ?? '') };
}

/** Whether a header goes on from node to node. */
export function isCarried(name: string): boolean {
  return name.startsWith('x-ptp-') || name.startsWith('mesh-') || name === Header.TRACEPARENT;
}

function checkHeader(name: string, value: string): string {
  const shown = JSON.stringify(name.slice(0, 100));
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]{1,256}$/i.test(name)) throw invalid(`${shown} cannot be the name of a header`);
  if (isHeaderValue(value)) return value;
  throw invalid(`the header ${shown} cannot be sent: its value must be printable ASCII, and not too long`);
}
