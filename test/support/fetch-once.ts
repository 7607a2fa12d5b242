/** What {@link fetchOnce} asks with. */
export interface AskOnce extends Omit<RequestInit, 'headers'> {
  readonly headers?: Readonly<Record<string, string>>;
}

/** Fetches on a connection that ends with the answer: who is asked need not wait for more when it closes, as the test ends. */
export function fetchOnce(url: string, { headers, ...ask }: AskOnce = {}): Promise<Response> {
  return fetch(url, { ...ask, headers: { ...headers, connection: 'close' } });
}
