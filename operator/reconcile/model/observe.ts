import type { CandidateRevision, Model } from '../../../crds/schema/model.ts';
import { ConditionType, ModelReason } from '../../../crds/schema/reasons.ts';
import { Component, Label } from '../../build/labels.ts';
import { findCondition } from '../../decide/conditions.ts';
import { hasStarted, jobEnd, type ObservedJob, type ObservedPod } from '../../decide/model/observed.ts';
import { decideProgress, type Progress } from '../../decide/model/progress.ts';
import { timestamp } from '../../decide/times.ts';
import type { Cluster, KubeObject } from '../../kube/cluster.ts';
import { readWarnings } from '../warnings.ts';
import { JOB, POD, type ModelDeps } from './deps.ts';

/** A Job as the cache gives it. */
export type Job = ObservedJob & KubeObject;
/** A Pod as the cache gives it. */
export type Pod = ObservedPod & KubeObject;

const SLOW_START_MS = 10_000;

/** The verification Jobs of a Model. */
export const listJobs = (cluster: Cluster, { metadata }: Model): readonly Job[] =>
  cluster
    .list<Job>({ ...JOB, namespace: metadata.namespace, ownerUid: metadata.uid ?? '' })
    .filter((job) => job.metadata.labels?.[Label.component] === Component.verification);

/** How far the candidate's verification is. */
export async function observeProgress(
  model: Model,
  candidate: CandidateRevision | undefined,
  { cluster, now }: ModelDeps,
): Promise<Progress> {
  if (candidate?.phase !== 'Verifying' || candidate.job === undefined) return { state: 'missing' };
  const job = listJobs(cluster, model).find(({ metadata }) => metadata.name === candidate.job);
  if (job === undefined) return { state: 'missing' };
  const facts = { job, lastWaitingFor: lastWaitingFor(model) };
  const progress = decideProgress({ ...facts, pods: podsOfJob(cluster, job), warnings: [] });
  if (progress.state === 'failed' && jobEnd(job) !== undefined) {
    // The Job may be seen to end before its pod is: the report must not be lost to a watch that lags.
    const pods = await cluster.readAll<Pod>({ ...POD, ...podsOf(job) });
    return decideProgress({ ...facts, pods, warnings: [] });
  }
  if (progress.state !== 'running' || !isSlow(job, now())) return progress;
  return decideProgress({ ...facts, pods: podsOfJob(cluster, job), warnings: await warningsOf(cluster, job) });
}

const podsOf = (job: Job) => ({
  ...(job.metadata.namespace === undefined ? {} : { namespace: job.metadata.namespace }),
  ownerUid: job.metadata.uid ?? '',
  labels: { [Label.component]: Component.verification },
});

/** The pods of a Job that the cache knows. */
export const podsOfJob = (cluster: Cluster, job: Job): readonly Pod[] => cluster.list<Pod>({ ...POD, ...podsOf(job) });

const isSlow = (job: Job, now: Date): boolean =>
  now.getTime() - new Date(job.metadata.creationTimestamp ?? timestamp(now)).getTime() > SLOW_START_MS;

/** Messages of warnings about the Job or its newest pod, newest first; only read while no container runs. */
async function warningsOf(cluster: Cluster, job: Job): Promise<string[]> {
  const pod = podsOfJob(cluster, job).at(-1);
  if (pod !== undefined && hasStarted(pod)) return [];
  return (await readWarnings(cluster, pod ?? job)).map(({ message }) => message);
}

function lastWaitingFor(model: Model): string | undefined {
  const ready = findCondition(model.status?.conditions, ConditionType.Ready);
  return ready?.reason === ModelReason.VerificationPending ? ready.message : undefined;
}
