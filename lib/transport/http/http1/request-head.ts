import { MeshCode } from '../../../errors/mesh-code.js';
import { MeshError } from '../../../errors/mesh-error.js';
import { checkHeader } from '../../http-headers.js';
import type { OutboundCall } from '../../transport.js';
import { requestPathOf, sayRequestHeaders } from '../http-request-head.js';

/** What a request line can name. */
const sendablePath = /^[\x21-\x7e\x80-\xff]+$/;

/**
 * The head of a request, as it is written.
 *
 * @param address of the peer, `host:port`
 * @throws MeshError E0000000400 for a path or a header that cannot be carried
 */
export function requestHead(call: OutboundCall, address: string): string {
  const path = requestPathOf(call);
  if (!sendablePath.test(path)) throw unsendablePath();
  checkHeader('host', address);
  let head = `POST ${path} HTTP/1.1\r\nhost: ${address}\r\nconnection: keep-alive\r\n`;
  sayRequestHeaders(call, (name, value) => (head += `${name}: ${value}\r\n`));
  return `${head}\r\n`;
}

function unsendablePath(): MeshError {
  const message = 'the call cannot be sent: its path has characters that no request line can have';
  return new MeshError(MeshCode.INVALID_REQUEST, message, { neverSent: true });
}
