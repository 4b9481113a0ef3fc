import { TrainingReason } from '../../../../crds/schema/reasons.ts';
import type { Problem } from '../../problem.ts';
import { bestTrial } from './best-trial.ts';
import type { Search } from './search.ts';
import type { TrialRecord } from './trial-record.ts';
import type { TrialsStatus } from './trials-status.ts';

/** How a search stands after a pass. */
export type SearchOutcome =
  | {
      state: 'running';
      trials: TrialsStatus;
      requeueAfterMs?: number;
      /** What keeps trials from running. */
      problem?: Problem;
      /** Why workers of trials are taken to hang, one sentence each. */
      hanging?: readonly string[];
      /** Pods that train now, and that should. */
      pods: { running: number; wanted: number };
    }
  | { state: 'succeeded'; bestTrial: number; trials: TrialsStatus }
  | { state: 'failed'; reason: string; message: string; trials: TrialsStatus };

/** The end of a search of which no trial runs any more, and no more are started. */
export function searchEnd(search: Search, trials: readonly TrialRecord[], status: TrialsStatus): SearchOutcome {
  const best = bestTrial(search, trials);
  if (best !== undefined) return { state: 'succeeded', bestTrial: best.number, trials: status };
  return { state: 'failed', ...whyNone(search, trials), trials: status };
}

function whyNone({ objective }: Search, trials: readonly TrialRecord[]): { reason: string; message: string } {
  const failed = trials.filter(({ state }) => state === 'Failed').toSorted((a, b) => b.number - a.number);
  const last = failed[0];
  if (last === undefined) {
    const message = `No trial came to its end, so none has a value of "${objective.metric}"; raise spec.search.maxTrials, or stop fewer trials early.`;
    return { reason: TrainingReason.AllTrialsFailed, message };
  }
  const isSilent = failed.every(({ reason }) => reason === TrainingReason.ObjectiveMissing);
  return {
    reason: isSilent ? TrainingReason.ObjectiveMissing : TrainingReason.AllTrialsFailed,
    message: `None of ${trials.length} trials succeeded. Trial ${last.number} failed last: ${last.message ?? last.reason ?? 'no reason is known'}`,
  };
}
