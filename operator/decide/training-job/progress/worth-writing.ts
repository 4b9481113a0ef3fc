import type { Metrics, Progress } from './state.ts';

/** What status shows of a training that goes on. */
export interface Shown {
  progress?: Progress | undefined;
  metrics?: Metrics | undefined;
}

const WRITE_AT_MOST_EVERY_MS = 10_000;

/** What to show: the old, until the new differs so much that the difference is worth a write. */
export const decideShown = (shown: Shown, fresh: Shown, nowMs: number): Shown =>
  worthWriting(shown, fresh, nowMs) ? fresh : shown;

/** Whether the difference is worth a write: the first metrics and the end at once, the rest every ten seconds. */
export function worthWriting(shown: Shown, fresh: Shown, nowMs: number): boolean {
  if (fresh.progress === undefined && fresh.metrics === undefined) return false;
  if (isNotable(shown, fresh)) return true;
  const ageMs = nowMs - Date.parse(shown.progress?.observedAt ?? '1970-01-01T00:00:00Z');
  return ageMs >= WRITE_AT_MOST_EVERY_MS && differs(shown, fresh);
}

function isNotable(shown: Shown, fresh: Shown): boolean {
  const isFirst = shown.metrics?.latest === undefined && fresh.metrics?.latest !== undefined;
  return isFirst || (fresh.progress?.percent === 100 && shown.progress?.percent !== 100);
}

/** Whether somebody who looks would see more. That time has passed is no news. */
const differs = (shown: Shown, fresh: Shown): boolean =>
  JSON.stringify(newsOf(shown)) !== JSON.stringify(newsOf(fresh));

const newsOf = ({ progress, metrics }: Shown): unknown[] => [
  progress?.percent,
  progress?.step,
  progress?.total,
  metrics?.note,
  metrics?.latest,
];
