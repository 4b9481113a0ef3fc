/** The value that a share of the values does not exceed (nearest rank); 0 for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

/** Rounded to three significant digits: more would be noise. */
export const roundFigure = (value: number): number => Number(value.toPrecision(3));
