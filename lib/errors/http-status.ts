import { MeshCode } from './mesh-code.js';

/**
 * The HTTP status of each code, for answers that leave the mesh. The answer to a mesh call that was understood is always
 * HTTP 200: its code travels in the envelope (standard v1.2.0, PROTOCOL 6).
 */
export const HTTP_STATUS_OF_CODE: Readonly<Record<MeshCode, number>> = {
  [MeshCode.SUCCESS]: 200,
  [MeshCode.INVALID_REQUEST]: 400,
  [MeshCode.FORBIDDEN]: 403,
  [MeshCode.NOT_FOUND]: 404,
  [MeshCode.MESSAGE_TOO_LONG]: 413,
  [MeshCode.CANCELLED]: 499,
  [MeshCode.SYSTEM_ERROR]: 500,
  [MeshCode.CIRCULAR_REQUEST]: 508,
  [MeshCode.UNKNOWN]: 500,
  [MeshCode.INCOMPATIBLE]: 505,
  [MeshCode.TIMEOUT]: 504,
  [MeshCode.NO_INSTANCE]: 503,
  [MeshCode.CERTIFICATE_REFUSED]: 401,
  [MeshCode.LICENCE_EXPIRED]: 403,
  [MeshCode.NETWORK_EXPIRED]: 403,
  [MeshCode.NETWORK_DISABLED]: 403,
  [MeshCode.UNREACHABLE]: 503,
  [MeshCode.SESSION_RELEASED]: 410,
  [MeshCode.NOT_PERMITTED]: 405,
  [MeshCode.SIGNATURE_INVALID]: 401,
  [MeshCode.ENCODING]: 400,
  [MeshCode.NO_SERVICE]: 501,
  [MeshCode.NOT_IN_NETWORK]: 404,
  [MeshCode.ADDRESS_UNREACHABLE]: 502,
  [MeshCode.BUFFER_FULL]: 429,
};

/**
 * The code of each HTTP status that has one of its own. Of the others, 4xx is E0000000400, 2xx success and the rest
 * E0000000500.
 *
 * | HTTP | code | HTTP | code |
 * |---|---|---|---|
 * | 400 409 412 422 … | E0000000400 invalid request | 499 | E0000000499 cancelled |
 * | 401 403 407 | E0000000403 not authorised | 500 … | E0000000500 system error |
 * | 404 410 | E0000000404 not found | 501 | E0000000617 no such service |
 * | 405 | E0000000614 not permitted | 502 503 | E0000000607 unreachable |
 * | 408 504 | E0000000601 timeout | 505 | E0000000600 incompatible |
 * | 413 414 431 | E0000000413 message too long | 508 | E0000000503 circular request |
 * | 429 507 | E0000000700 buffer full | | |
 */
export const CODE_OF_HTTP_STATUS: Readonly<Record<number, MeshCode>> = {
  401: MeshCode.FORBIDDEN,
  403: MeshCode.FORBIDDEN,
  404: MeshCode.NOT_FOUND,
  405: MeshCode.NOT_PERMITTED,
  407: MeshCode.FORBIDDEN,
  408: MeshCode.TIMEOUT,
  410: MeshCode.NOT_FOUND,
  413: MeshCode.MESSAGE_TOO_LONG,
  414: MeshCode.MESSAGE_TOO_LONG,
  429: MeshCode.BUFFER_FULL,
  431: MeshCode.MESSAGE_TOO_LONG,
  499: MeshCode.CANCELLED,
  501: MeshCode.NO_SERVICE,
  502: MeshCode.UNREACHABLE,
  503: MeshCode.UNREACHABLE,
  504: MeshCode.TIMEOUT,
  505: MeshCode.INCOMPATIBLE,
  507: MeshCode.BUFFER_FULL,
  508: MeshCode.CIRCULAR_REQUEST,
};

/** The HTTP status that says a code best, by {@link HTTP_STATUS_OF_CODE}; 500 for a code that is not in the table. */
export function httpStatusOf(code: string): number {
  return (HTTP_STATUS_OF_CODE as Readonly<Record<string, number>>)[code] ?? 500;
}

/** The code that says an HTTP status best, by {@link CODE_OF_HTTP_STATUS}. */
export function codeOfHttpStatus(status: number): MeshCode {
  const code = CODE_OF_HTTP_STATUS[status];
  if (code !== undefined) return code;
  if (status >= 200 && status < 300) return MeshCode.SUCCESS;
  return status >= 400 && status < 500 ? MeshCode.INVALID_REQUEST : MeshCode.SYSTEM_ERROR;
}
