import type { Search } from '../deps.ts';
import { isSearching, type TrialVoices } from './context.ts';
import { reconcileSearch } from './reconcile-search.ts';
import type { Suggest } from './suggest-client.ts';

/** The search as the stage machine calls it. */
export function createSearch({ suggest, voices }: { suggest: Suggest; voices: TrialVoices }): Search {
  return ({ job, run }, { cluster, settings, now }) => {
    if (!isSearching(job)) throw new Error(`TrainingJob ${job.metadata.name} has no spec.search`);
    return reconcileSearch({ job, run, cluster, settings, voices, suggest, now: now() });
  };
}
