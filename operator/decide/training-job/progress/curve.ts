/** The metrics at one step. */
export interface CurvePoint {
  step: number;
  values: Record<string, number>;
}

/** How metrics went, thinned out. */
export interface Curve {
  points: readonly CurvePoint[];
  /** How far points must be apart to be kept. */
  gap: number;
  /** The step of the best point, which is kept. */
  bestStep?: number;
}

const MOST_POINTS = 100;
const MOST_METRICS = 8;

/** A curve as status shows it. */
export function restoreCurve(points: readonly CurvePoint[]): Curve {
  const first = points.at(0)?.step ?? 0;
  const last = points.at(-1)?.step ?? 0;
  const isThinned = points.length > MOST_POINTS / 2;
  return { points, gap: isThinned ? (last - first) / points.length / 2 : 0 };
}

/**
 * Adds metrics at a step. Those of the same step belong together; a step before the last one means that training went on
 * from a checkpoint, and what came after it is forgotten.
 */
export function withPoint(curve: Curve, { step, values }: CurvePoint, rankOf: Rank = () => 0): Curve {
  const last = curve.points.at(-1);
  const kept =
    last !== undefined && step < last.step ? curve.points.filter((point) => point.step < step) : curve.points;
  const same = kept.at(-1)?.step === step ? kept.at(-1) : undefined;
  const before = same === undefined ? kept : kept.slice(0, -1);
  const point = { step, values: firstMetrics({ ...same?.values, ...values }, rankOf) };
  const spaced = same === undefined ? dropCrowded(before, curve) : before;
  return thin({ ...curve, points: [...spaced, point] });
}

/** The point that was last so far goes when it is too near to the one before it, unless it is the first or the best. */
function dropCrowded(points: readonly CurvePoint[], { gap, bestStep }: Curve): readonly CurvePoint[] {
  const [before, last] = [points.at(-2), points.at(-1)];
  if (before === undefined || last === undefined || last.step === bestStep) return points;
  return last.step - before.step < gap ? points.slice(0, -1) : points;
}

/** Too many points: those that stay are twice as far apart. */
function thin(curve: Curve): Curve {
  const { points, bestStep } = curve;
  if (points.length <= MOST_POINTS) return curve;
  const [first, last] = [points[0]?.step ?? 0, points.at(-1)?.step ?? 0];
  const gap = Math.max(curve.gap * 2, ((last - first) / MOST_POINTS) * 2);
  let keptAt = -Infinity;
  const kept = points.filter(({ step }, index) => {
    const isSpaced = step - keptAt >= gap;
    if (isSpaced) keptAt = step;
    return isSpaced || index === points.length - 1 || step === bestStep;
  });
  return { ...curve, gap, points: kept };
}

/** Of many metrics those of the lowest rank are drawn. */
export type Rank = (name: string) => number;

function firstMetrics(values: Record<string, number>, rankOf: Rank): Record<string, number> {
  const entries = Object.entries(values);
  if (entries.length <= MOST_METRICS) return values;
  return Object.fromEntries(entries.toSorted(([a], [b]) => rankOf(a) - rankOf(b)).slice(0, MOST_METRICS));
}

/** The values of one metric by step, for whoever compares trainings. Steps are whole numbers. */
export const seriesOf = (curve: Curve, metric: string): [step: number, value: number][] => {
  const series = new Map<number, number>();
  for (const { step, values } of curve.points) {
    const value = values[metric];
    if (value !== undefined) series.set(Math.max(0, Math.round(step)), value);
  }
  return [...series];
};
