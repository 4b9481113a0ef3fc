import { API_VERSION } from '../../crds/schema/shared.ts';
import type { TrainingJob } from '../../crds/schema/training-job.ts';
import { durationSeconds } from '../build/duration.ts';
import { canonical } from '../decide/training-job/log-lines/names.ts';
import type { ProgressOptions } from '../decide/training-job/progress/state.ts';
import { totalsOf } from '../decide/training-job/progress/totals.ts';
import type { Cluster, KubeObject } from '../kube/cluster.ts';

/** The TrainingJob by its key; undefined when it is gone. */
export function findTrainingJob(cluster: Cluster, key: string): TrainingJob | undefined {
  const [namespace = '', name = ''] = key.split('/');
  return cluster.get<TrainingJob & KubeObject>({ apiVersion: API_VERSION, kind: 'TrainingJob', namespace, name });
}

/** Whether nothing more is to be learned from the pods of a run: its training, or all of it, is over and in the status. */
export function isHeardOut(job: TrainingJob | undefined, run: number): boolean {
  const { run: current, stages } = job?.status ?? {};
  if (current === undefined || run > current.number) return false;
  const isTrained = stages?.some(({ name, state }) => name === 'train' && state === 'Succeeded') === true;
  return run < current.number || isTrained || current.finishedAt !== undefined;
}

/** Names of the metrics that the job asks for, in canonical form. */
export function wantedMetrics(job: TrainingJob | undefined): ReadonlySet<string> {
  const objective = job?.spec.search?.objective.metric;
  const thresholds = (job?.spec.evaluation?.thresholds ?? []).map(({ metric }) => metric);
  return new Set([...(objective === undefined ? [] : [objective]), ...thresholds].map(canonical));
}

/** What is known of a training before it prints anything. `parameters` are those of the pod, as JSON. */
export function progressOptions(job: TrainingJob | undefined, parameters: string | undefined): ProgressOptions {
  const objective = job?.spec.search?.objective;
  const all = { ...job?.spec.recipe?.options, ...job?.spec.parameters, ...parse(parameters) };
  return { totals: totalsOf(all), ...(objective === undefined ? {} : { objective }) };
}

function parse(parameters: string | undefined): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(parameters ?? '{}');
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {}; // somebody else's annotation
  }
}

/** How long a worker may do nothing. */
export const stallAfterMs = (job: TrainingJob | undefined): number =>
  durationSeconds(job?.spec.stall?.after ?? '10m') * 1000;
