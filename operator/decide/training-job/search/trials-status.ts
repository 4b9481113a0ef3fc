import type { TrainingJobStatus } from '../../../../crds/schema/training/status.ts';
import type { TrialStatus } from '../../../../crds/schema/training/trials.ts';
import { bestTrial } from './best-trial.ts';
import { countOf } from './budget.ts';
import type { Search } from './search.ts';
import type { TrialRecord } from './trial-record.ts';

/** How a search goes, as status shows it. */
export type TrialsStatus = NonNullable<TrainingJobStatus['trials']>;

const RECENT = 20;
const LONGEST_REASON = 128;

/** `status.trials`: counts, the best, the newest; `ledger` names where all of them stand. */
export function trialsStatus(
  search: Search,
  trials: readonly TrialRecord[],
  { ledger, endedBy }: { ledger: readonly string[]; endedBy: string | undefined },
): TrialsStatus {
  const best = bestTrial(search, trials);
  const recent = trials.toSorted((a, b) => b.number - a.number).slice(0, RECENT);
  return {
    total: trials.length,
    running: countOf(trials, 'Running'),
    succeeded: countOf(trials, 'Succeeded'),
    failed: countOf(trials, 'Failed'),
    pruned: countOf(trials, 'Pruned'),
    ...(best === undefined ? {} : { best: shown(best) }),
    recent: recent.map(shown),
    ...(ledger.length === 0 ? {} : { ledger: [...ledger] }),
    ...(endedBy === undefined ? {} : { endedBy }),
  };
}

const shown = ({ number, state, parameters, value, reason }: TrialRecord): TrialStatus => ({
  number,
  state,
  parameters,
  ...(value === undefined ? {} : { value }),
  ...(reason === undefined ? {} : { reason: reason.slice(0, LONGEST_REASON) }),
});
