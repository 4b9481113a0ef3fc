import type { Attempt } from '../../../decide/training-job/attempt.ts';
import { endedAt } from '../../../decide/training-job/observed.ts';
import { objectiveOf, type ObjectiveValues } from '../../../decide/training-job/search/objective.ts';
import type { Unread } from '../../../decide/training-job/search/unread-output.ts';
import type { Sight } from '../observe.ts';
import type { SearchContext } from './context.ts';

/** What the output of a trial tells. */
export interface Output {
  values: ObjectiveValues;
  /** Why it could not be read, though it is needed. */
  unread?: Unread;
}

const NONE: ObjectiveValues = { curve: [] };

/** The values that count: all the way while trials may be stopped early, else those at the end that were not reported. */
export async function readOutput(context: SearchContext, { job: made, pods, attempt }: Sight): Promise<Output> {
  const { job, voices, now } = context;
  const need = needOfOutput(context, attempt);
  if (made === undefined || need === 'none') return { values: NONE };
  const isEnded = attempt.state === 'succeeded' || attempt.state === 'failed';
  try {
    const { namespace } = job.metadata;
    return { values: await voices.trialValue({ namespace, name: made.metadata.name, isEnded }) };
  } catch (error) {
    // Output that cannot be read, as of a node that is gone, must not hold up a search that can do without.
    if (need === 'curve') return { values: NONE };
    const why = error instanceof Error ? error.message : String(error);
    return { values: NONE, unread: { why, since: endedAt(made, pods, now) } };
  }
}

/** What the output of a trial is needed for: all that is known of its objective, its curve, or nothing. */
function needOfOutput({ job }: SearchContext, attempt: Attempt): 'all' | 'curve' | 'none' {
  const { search } = job.spec;
  if (attempt.state === 'succeeded' && objectiveOf(search, attempt.result, NONE) === undefined) return 'all';
  return search.earlyStopping === undefined ? 'none' : 'curve';
}
