/** Details kept of one failed validation; the rest is counted. */
const MAX_DETAILS = 100;

/** Nesting of `ValidationError.children` followed. */
const MAX_DEPTH = 16;

/**
 * What failed a validation, one line for each failure: the messages of Nest's `ValidationPipe` and
 * `StandardSchemaValidationPipe` (an array of strings), class-validator's `ValidationError`s, or the issues of a Standard
 * Schema. At most 100 lines, and one that counts the rest.
 *
 * @returns `undefined` when the value is no list of failures
 */
export function validationDetails(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const lines: string[] = [];
  for (const failure of value) collect(failure, '', 0, lines);
  if (lines.length <= MAX_DETAILS) return lines;
  return [...lines.slice(0, MAX_DETAILS), `and ${lines.length - MAX_DETAILS} more`];
}

function collect(failure: unknown, parent: string, depth: number, lines: string[]): void {
  if (typeof failure === 'string') lines.push(failure);
  if (typeof failure !== 'object' || failure === null || depth > MAX_DEPTH) return;
  const { property, constraints, children, message, path } = failure as Readonly<Record<string, unknown>>;
  if (typeof message === 'string') lines.push(`${pathOf(path)}${message}`);
  const here = typeof property === 'string' ? `${parent}${property}.` : parent;
  if (typeof constraints === 'object' && constraints !== null) {
    for (const text of Object.values(constraints)) lines.push(`${parent}${String(text)}`);
  }
  if (Array.isArray(children)) for (const child of children) collect(child, here, depth + 1, lines);
}

/** The path of a Standard Schema issue, whose segments are keys or objects that hold one. */
function pathOf(path: unknown): string {
  if (!Array.isArray(path) || path.length === 0) return '';
  const keys = path.map((segment: unknown) =>
    typeof segment === 'object' && segment !== null && 'key' in segment ? String(segment.key) : String(segment),
  );
  return `${keys.join('.')}: `;
}
