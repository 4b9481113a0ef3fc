import { keyOf, type Search } from '../deps.ts';
import { isSearching, type TrialVoices } from './context.ts';
import { reconcileSearch } from './reconcile-search.ts';
import type { Suggest } from './suggest-client.ts';

/** The search as the stage machine calls it. */
export function createSearch({ suggest, voices: trialVoices }: { suggest: Suggest; voices: TrialVoices }): Search {
  return ({ job, run }, { cluster, settings, capacity, voices, now }) => {
    if (!isSearching(job)) throw new Error(`TrainingJob ${job.metadata.name} has no spec.search`);
    const voice = voices.of(keyOf(job.metadata));
    const means = { cluster, settings, capacity, voice, voices: trialVoices, suggest, now: now() };
    return reconcileSearch({ job, run, ...means });
  };
}
