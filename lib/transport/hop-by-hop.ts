import type { PassageHeaders } from './transport.js';

/** Headers that concern one connection only (RFC 9110, 7.6.1, and what was one before). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'http2-settings',
]);

/**
 * What goes on of headers when a message is handed on: nothing of the connection that it came by, neither what always belongs to
 * one nor what `connection` names, and no pseudo headers of HTTP/2.
 */
export function endToEnd(headers: Readonly<Record<string, string | readonly string[] | undefined>>): PassageHeaders {
  const named = new Set(tokensOf(headers['connection']));
  const kept = Object.create(null) as Record<string, string | readonly string[]>;
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || name.startsWith(':') || HOP_BY_HOP.has(name) || named.has(name)) continue;
    kept[name] = value;
  }
  return kept;
}

/** The words of a header that lists such, lower case. */
export function tokensOf(value: string | readonly string[] | undefined): readonly string[] {
  return String(value ?? '')
    .split(',')
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '');
}
