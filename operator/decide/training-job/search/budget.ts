import { addDuration } from '../../times.ts';
import type { Search } from './search.ts';
import type { TrialRecord } from './trial-record.ts';

/** How many of the trials are in this state. */
export const countOf = (trials: readonly TrialRecord[], state: TrialRecord['state']): number =>
  trials.filter((trial) => trial.state === state).length;

/** Why no more trials are started; undefined while some may be. Those that run go on to their end. */
export function endOfBudget(search: Search, trials: readonly TrialRecord[], now: Date): string | undefined {
  const failed = countOf(trials, 'Failed');
  if (failed > search.maxFailedTrials) {
    return `${failed} trials failed; spec.search.maxFailedTrials is ${search.maxFailedTrials}.`;
  }
  if (trials.length >= search.maxTrials)
    return `All trials were started; spec.search.maxTrials is ${search.maxTrials}.`;
  const deadline = deadlineOf(search, trials);
  if (deadline === undefined || now < deadline) return undefined;
  return `The search has lasted as long as spec.search.timeout allows (${search.timeout}).`;
}

/** When no more trials are started; undefined without a limit, or before the first trial. */
export function deadlineOf({ timeout }: Search, trials: readonly TrialRecord[]): Date | undefined {
  const [first] = trials.map(({ startedAt }) => startedAt).toSorted();
  return timeout === undefined || first === undefined ? undefined : addDuration(new Date(first), timeout);
}

/** How many trials may be started now. */
export function freePlaces(search: Search, trials: readonly TrialRecord[], now: Date): number {
  if (endOfBudget(search, trials, now) !== undefined) return 0;
  const places = search.parallelTrials - countOf(trials, 'Running');
  return Math.max(0, Math.min(places, search.maxTrials - trials.length));
}
