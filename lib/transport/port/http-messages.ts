import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { httpStatusOf } from '../../errors/http-status.js';
import type { MeshError } from '../../errors/mesh-error.js';
import type { CallAnswer, WireHeaders } from '../transport.js';
import type { HttpAnswer } from './http-exchange.js';

/** Headers between HTTP and a connection, of no concern to a handler. */
const plumbing = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'content-length',
  'content-encoding',
  'expect',
  'te',
  'trailer',
  'upgrade',
  'http2-settings',
]);

/** What a handler sees of the headers of a request: no pseudo headers, nothing of the connection. */
export function wireHeadersOfHttp(received: IncomingHttpHeaders): WireHeaders {
  const headers = Object.create(null) as Record<string, string>;
  for (const name in received) {
    if (name.charCodeAt(0) === 58 /* : */ || plumbing.has(name)) continue;
    const value = received[name];
    if (value !== undefined) headers[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return headers;
}

/** A media type without parameters, lower case; empty when there is none. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

/** A handler's answer as HTTP says it. */
export function httpAnswerOf(answer: Uint8Array | CallAnswer): HttpAnswer {
  if (answer instanceof Uint8Array) return { status: 200, headers: headersFor(answer), body: answer };
  const { body, contentType, status = 200, headers } = answer;
  return { status, headers: headersFor(body, contentType, headers), body };
}

/** An error as HTTP says it: its code and message in JSON. */
export function httpRefusal(error: MeshError, status: number = httpStatusOf(error.code)): HttpAnswer {
  const body = Buffer.from(JSON.stringify({ code: error.code, message: error.message }));
  return { status, headers: headersFor(body, 'application/json'), body };
}

function headersFor(
  body: Uint8Array,
  contentType = 'application/octet-stream',
  headers?: WireHeaders,
): OutgoingHttpHeaders {
  const sent: OutgoingHttpHeaders = {};
  for (const name in headers) if (!plumbing.has(name)) sent[name] = headers[name];
  return { ...sent, 'content-type': contentType, 'content-length': body.length };
}
