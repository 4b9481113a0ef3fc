import type { Search } from './search.ts';
import type { TrialRecord } from './trial-record.ts';

/** The trial that reached the best value; of equal ones the first. */
export function bestTrial(
  { objective }: Search,
  trials: readonly TrialRecord[],
): (TrialRecord & { value: number }) | undefined {
  const sign = objective.goal === 'maximize' ? -1 : 1;
  return trials
    .flatMap((trial) =>
      trial.state === 'Succeeded' && trial.value !== undefined ? [{ ...trial, value: trial.value }] : [],
    )
    .toSorted((a, b) => sign * (a.value - b.value) || a.number - b.number)[0];
}
