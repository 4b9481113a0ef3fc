/** The middle of some figures; NaN when there are none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** The value below which the given share (0 to 1) of the figures lies: the nearest that was measured. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const index = Math.ceil(share * sorted.length) - 1;
  return sorted[Math.min(Math.max(index, 0), sorted.length - 1)] ?? NaN;
}

/** One figure of each of several records, in the middle: `{ a: median of all a, … }`. */
export function medians<K extends string>(records: readonly Readonly<Record<K, number>>[]): Record<K, number> {
  const keys = Object.keys(records[0] ?? {}) as K[];
  return Object.fromEntries(keys.map((key) => [key, median(records.map((record) => record[key]))])) as Record<
    K,
    number
  >;
}
