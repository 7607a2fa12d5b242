import type { IncomingMessage } from 'node:http';
import { tokensOf } from '../../hop-by-hop.js';
import { lengthOf } from './http1-head.js';

/** Headers of an upgrade, of no meaning to who serves the request as any other. */
const OF_UPGRADE: ReadonlySet<string> = new Set(['upgrade', 'http2-settings']);

/**
 * What a request asks its connection to become; `undefined` when it is better served as a plain request, as RFC 9110 (7.8) allows:
 * one with a body, and one that asks for another HTTP, which would carry requests past whoever looks at paths.
 */
export function upgradeOf(request: IncomingMessage): string | undefined {
  const { headers } = request;
  const upgrade = (headers.upgrade ?? '').trim().toLowerCase();
  const isHttp = tokensOf(upgrade).some((token) => /^(?:h2c?|http|tls)\b/.test(token));
  return upgrade === '' || isHttp || lengthOf(request) !== 0 ? undefined : upgrade;
}

/** The head of a request as it stood on the wire, without the upgrade. */
export function plainHead({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    const value = rawHeaders[at + 1]!;
    if (OF_UPGRADE.has(name.toLowerCase())) continue;
    lines.push(`${name}: ${name.toLowerCase() === 'connection' ? withoutUpgrade(value) : value}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function withoutUpgrade(connection: string): string {
  const kept = tokensOf(connection).filter((token) => !OF_UPGRADE.has(token));
  return kept.length > 0 ? kept.join(', ') : 'keep-alive';
}
