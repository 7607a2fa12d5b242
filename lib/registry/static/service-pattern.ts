/**
 * How closely a pattern fits a service: the length of what is fixed in it, an exact name before any prefix.
 *
 * @param pattern a service name, a prefix ending in `.*`, or `*`
 * @returns -1 when it does not fit
 */
export function closeness(pattern: string, service: string): number {
  if (!pattern.endsWith('*')) return pattern === service ? Number.POSITIVE_INFINITY : -1;
  const prefix = pattern.slice(0, -1);
  return service.startsWith(prefix) ? prefix.length : -1;
}
