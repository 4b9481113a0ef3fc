import type { TrainingJobStatus } from '../../../crds/schema/training/status.ts';

type Workers = NonNullable<TrainingJobStatus['workers']>;

/** What the pods of a training tell of it: read from their output, and from what they use. */
export interface Voice extends Pick<TrainingJobStatus, 'progress' | 'metrics' | 'resources'> {
  /** Which workers hang or lag behind, and their last lines. */
  workers?: Pick<Workers, 'stalled' | 'stragglers' | 'pods'>;
  /** What is known of each that hangs, as a sentence, and the Job that it works for. */
  stalled?: readonly { job: string; message: string }[];
}

/** What of it goes into the status as it is. */
export function toldBy({
  progress,
  metrics,
  resources,
}: Voice): Pick<TrainingJobStatus, 'progress' | 'metrics' | 'resources'> {
  return {
    ...(progress === undefined ? {} : { progress }),
    ...(metrics === undefined ? {} : { metrics }),
    ...(resources === undefined ? {} : { resources }),
  };
}

/** The same once training is done: a program that stopped early, because it got no better, is done too. */
export function toldAtTheEnd(voice: Voice): ReturnType<typeof toldBy> {
  const told = toldBy(voice);
  if (told.progress === undefined) return told;
  const { etaSeconds: _etaSeconds, ...progress } = told.progress;
  return { ...told, progress: { ...progress, percent: 100 } };
}

/** Why workers of this Job are taken to hang, one sentence each; of a Job that was replaced, it is no news. */
export const stalledWorkers = (voice: Voice | undefined, job: string | undefined): readonly string[] =>
  (voice?.stalled ?? []).filter((worker) => worker.job === job).map(({ message }) => message);
