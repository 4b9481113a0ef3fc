import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import { API_VERSION } from '../../../crds/schema/shared.ts';
import type { Capacity } from '../../decide/capacity.ts';
import type { SearchOutcome } from '../../decide/training-job/search/search-outcome.ts';
import type { Voice } from '../../decide/training-job/voice.ts';
import type { Cluster, KindRef, KubeObject } from '../../kube/cluster.ts';
import type { Settings } from '../../settings.ts';
import type { StatusPace } from './status-pace.ts';

/** What training pods tell, read elsewhere and at its own pace. */
interface TrainingVoices {
  /** What is known of a job, by `namespace/name`; undefined until something was read. */
  of(key: string): Voice | undefined;
  /** The same after the output of a Job that has ended was read to its end; throws when that cannot be. */
  finalOf(job: { namespace: string; name: string }): Promise<Voice | undefined>;
}

/** Brings the search of a run one step nearer to its end (search/create-search.ts). */
export type Search = (
  request: { job: TrainingJob; run: number },
  deps: Pick<TrainingDeps, 'cluster' | 'settings' | 'capacity' | 'voices' | 'now'>,
) => Promise<SearchOutcome>;

/** What a reconcile pass of a TrainingJob works with. */
export interface TrainingDeps {
  cluster: Cluster;
  settings: Settings;
  voices: TrainingVoices;
  pace: StatusPace;
  search: Search;
  /** Nodes and their load; undefined when the operator may not see them. */
  capacity: { read: () => Promise<Capacity | undefined> };
  now: () => Date;
}

export const TRAINING_JOB: KindRef = { apiVersion: API_VERSION, kind: 'TrainingJob' };
export const MODEL: KindRef = { apiVersion: API_VERSION, kind: 'Model' };
export const JOB: KindRef = { apiVersion: 'batch/v1', kind: 'Job' };
export const POD: KindRef = { apiVersion: 'v1', kind: 'Pod' };
export const CLAIM: KindRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' };

/** The key of a job in queues and maps. */
export const keyOf = ({ namespace, name }: { namespace: string; name: string }): string => `${namespace}/${name}`;

/** The job from the cache. */
export const getTrainingJob = (
  cluster: Cluster,
  { namespace, name }: { namespace: string; name: string },
): TrainingJob | undefined => cluster.get<TrainingJob & KubeObject>({ ...TRAINING_JOB, namespace, name });
