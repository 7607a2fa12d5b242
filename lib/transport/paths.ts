/** A path and its query, apart. */
export interface PathAndQuery {
  readonly path: string;
  /** What stands behind the `?`; empty when there is none. */
  readonly query: string;
}

/** Parts a path from its query. */
export function splitQuery(target: string): PathAndQuery {
  const mark = target.indexOf('?');
  return mark < 0 ? { path: target, query: '' } : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}
