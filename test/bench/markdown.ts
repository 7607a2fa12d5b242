/** A table in Markdown, its columns aligned: the first to the left, the others to the right. The first row is the head. */
export function markdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0), 4));
  const line = (row: readonly string[]): string =>
    `| ${row.map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), rule, ...body.map(line)].join('\n');
}

/** A figure of three digits or more: `62.8`, `1 032`. `decimals` are those of figures below 100, 1 when absent. */
export function figure(value: number, decimals = 1): string {
  return Math.abs(value) < 100 ? value.toFixed(decimals) : Math.round(value).toLocaleString('en').replaceAll(',', ' ');
}
