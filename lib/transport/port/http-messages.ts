import type { OutgoingHttpHeaders } from 'node:http';
import { httpStatusOf } from '../../errors/http-status.js';
import { MeshCode } from '../../errors/mesh-code.js';
import type { MeshError } from '../../errors/mesh-error.js';
import { checkHeader, sendableHeaders } from '../http-headers.js';
import type { CallAnswer, WireHeaders } from '../transport.js';
import type { HttpAnswer } from './http-exchange.js';

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
  checkHeader('content-type', contentType);
  if (!headers) return { 'content-type': contentType, 'content-length': body.length };
  return { ...sendableHeaders(headers), 'content-type': contentType, 'content-length': body.length };
}

const STATUS_LINES: Readonly<Record<string, string>> = {
  [MeshCode.MESSAGE_TOO_LONG]: '431 Request Header Fields Too Large',
  [MeshCode.TIMEOUT]: '408 Request Timeout',
};

/** An error as HTTP/1.1 says it on a connection that ends with it. */
export function plainRefusal(error: MeshError): string {
  const { body } = httpRefusal(error);
  const lines = [
    `HTTP/1.1 ${STATUS_LINES[error.code] ?? '400 Bad Request'}`,
    'connection: close',
    'content-type: application/json',
    `content-length: ${body.length}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${Buffer.from(body).toString()}`;
}
