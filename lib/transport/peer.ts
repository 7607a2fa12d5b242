/** The address at the other end of a connection, `host:port`; an IPv6 host stands in brackets. */
export function peerOf(socket: { readonly remoteAddress?: string; readonly remotePort?: number }): string {
  const { remoteAddress = 'unknown', remotePort = 0 } = socket;
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}
