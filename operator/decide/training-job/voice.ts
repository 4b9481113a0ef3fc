import type { TrainingJobStatus } from '../../../crds/schema/training/status.ts';

type Workers = NonNullable<TrainingJobStatus['workers']>;

/** What the pods of a training tell of it: read from their output, and from what they use. */
export interface Voice extends Pick<TrainingJobStatus, 'progress' | 'metrics' | 'resources'> {
  /** The Job whose pods speak; of another one, what hangs is no news. */
  job: string;
  /** Which workers hang or lag behind, and their last lines. */
  workers?: Pick<Workers, 'stalled' | 'stragglers' | 'pods'>;
}

/** The workers that hang, of the Job that runs now. */
export const stalledWorkers = (voice: Voice | undefined, job: string | undefined): readonly string[] =>
  voice === undefined || voice.job !== job ? [] : (voice.workers?.stalled ?? []);
