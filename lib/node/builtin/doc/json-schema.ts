/** A value that JSON can say. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue | undefined };

/** A JSON Schema, draft 2020-12. Members that are `undefined` are none. */
export type JsonSchema = { readonly [keyword: string]: JsonValue | undefined };

/** Whether a value is one that JSON can say by itself: neither an object nor a list. */
export function isPlain(value: unknown): value is string | number | boolean | null {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}
