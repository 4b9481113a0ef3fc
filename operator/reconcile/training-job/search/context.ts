import type { TrainingJob } from '../../../../crds/schema/training-job.ts';
import type { ObjectiveValues } from '../../../decide/training-job/search/objective.ts';
import type { Search } from '../../../decide/training-job/search/search.ts';
import type { Voice } from '../../../decide/training-job/voice.ts';
import type { Cluster } from '../../../kube/cluster.ts';
import type { Settings } from '../../../settings.ts';
import type { TrainingDeps } from '../deps.ts';
import type { Suggest } from './suggest-client.ts';

/** What trials print, as far as it was read. */
export interface TrialVoices {
  /** The values of the objective in the output of the pods of this Job; `isEnded`: read to its end. */
  trialValue: (job: {
    namespace: string;
    name: string;
    isEnded: boolean;
  }) => Promise<ObjectiveValues> | ObjectiveValues;
}

/** A job that searches. */
export type SearchingJob = TrainingJob & { spec: { search: Search } };

/** Whether the job searches. */
export const isSearching = (job: TrainingJob): job is SearchingJob => job.spec.search !== undefined;

/** What one pass over a search works with. */
export interface SearchContext {
  job: SearchingJob;
  /** Number of the run. */
  run: number;
  settings: Settings;
  cluster: Cluster;
  /** What the pods of all trials tell. */
  voice: Voice | undefined;
  voices: TrialVoices;
  /** Nodes and their load. */
  capacity: TrainingDeps['capacity'];
  suggest: Suggest;
  now: Date;
}
