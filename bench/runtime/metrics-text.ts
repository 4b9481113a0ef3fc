/** Sum and count of one histogram or summary, all its labels together. */
export interface Totals {
  sum: number;
  count: number;
}

/** Reads our own histograms in a Prometheus text whose names end in `_seconds`. */
export function secondsIn(text: string): Map<string, Totals> {
  const totals = new Map<string, Totals>();
  for (const line of text.split('\n')) {
    const [, name, field, value] = /^(aimass_\w+_seconds)_(sum|count)(?:\{.*\})? (\S+)/.exec(line) ?? [];
    if (name === undefined || (field !== 'sum' && field !== 'count')) continue;
    const total = totals.get(name) ?? { sum: 0, count: 0 };
    total[field] += Number(value);
    totals.set(name, total);
  }
  return totals;
}

/** Mean milliseconds of what was observed between two texts, by name; what was not observed is left out. */
export function meansBetween(before: string, after: string): Record<string, number> {
  const earlier = secondsIn(before);
  const means: Record<string, number> = {};
  for (const [name, { sum, count }] of secondsIn(after)) {
    const was = earlier.get(name) ?? { sum: 0, count: 0 };
    if (count > was.count) means[name] = ((sum - was.sum) / (count - was.count)) * 1000;
  }
  return means;
}

/** Values of a gauge by the label `model`. */
export function gaugeByModel(text: string, name: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`));
  return Object.fromEntries(
    lines.map((line) => [/[{,]model="([^"]*)"/.exec(line)?.[1] ?? '', Number(line.slice(line.lastIndexOf(' ')))]),
  );
}
