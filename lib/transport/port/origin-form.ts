/** The path and query of a request line, which may name the host too. */
export function originForm(url: string): string {
  if (url.startsWith('/') || url === '*') return url;
  const [, rest] = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*(.*)$/i.exec(url) ?? [];
  if (rest === undefined) return url;
  return rest.startsWith('/') ? rest : `/${rest}`;
}
