/** A table in Markdown, its columns padded so that it can be read as text too. */
export function table(rows: readonly (readonly string[])[]): string {
  const [header = [], ...rest] = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = header.map((_, column) => Math.max(3, ...[header, ...rest].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(header), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rest.map(line)].join('\n');
}

/** A number with three digits that count, large ones in thousands. */
export function short(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  if (value >= 10_000) return `${(value / 1000).toFixed(1)}k`;
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toPrecision(2);
}

/** A title and what is below it; nothing when there is nothing below. */
export const section = (title: string, ...parts: readonly string[]): string =>
  parts.every((part) => part === '') ? '' : [`## ${title}`, ...parts.filter((part) => part !== '')].join('\n\n');
