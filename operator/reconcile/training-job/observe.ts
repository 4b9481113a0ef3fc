import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { StageName, StageStatus } from '../../../crds/schema/training/status.ts';
import type { Child } from '../../build/child.ts';
import { Label } from '../../build/labels.ts';
import { decideAttempt, wantedPods, type Attempt } from '../../decide/training-job/attempt.ts';
import {
  hasEnded,
  jobEnd,
  jobFailure,
  isOverdue,
  partOf,
  type Job,
  type Pod,
} from '../../decide/training-job/observed.ts';
import type { Cluster, KubeObject } from '../../kube/cluster.ts';
import { JOB, POD, type TrainingDeps } from './deps.ts';

/** A try of a stage: how far it is, and what the cluster has of it. */
export interface Sight {
  attempt: Attempt;
  job: Job | undefined;
  pods: readonly Pod[];
}

/** Looks at the try that the status names. */
export async function observeAttempt(stage: StageStatus, owner: TrainingJob, deps: TrainingDeps): Promise<Sight> {
  const { cluster, now } = deps;
  return observeJob(findJob(stage, owner, cluster), stage.name, { cluster, now: now() });
}

/** Looks at the Job of a try, a stage's or a trial's, and at its pods. */
export async function observeJob(
  job: Job | undefined,
  stage: StageName,
  { cluster, now }: { cluster: Cluster; now: Date },
): Promise<Sight> {
  const pods = job === undefined ? [] : podsOf(job, cluster);
  const facts = { stage, job, now };
  const attempt = decideAttempt({ ...facts, pods });
  if (job === undefined || !mayHaveMissed(job, pods, attempt)) return { attempt, job, pods };
  // The Job may be seen to end before its pods are: what they report must not be lost to a watch that lags.
  const fresh = await cluster.readAll<Pod & KubeObject>({ ...POD, ...selectorOf(job) });
  return { attempt: decideAttempt({ ...facts, pods: fresh }), job, pods: fresh };
}

function findJob({ job: name }: StageStatus, { metadata }: TrainingJob, cluster: Cluster): Job | undefined {
  if (name === undefined) return undefined;
  const found = cluster.get<Job & KubeObject>({ ...JOB, namespace: metadata.namespace, name });
  return found?.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true ? found : undefined;
}

const mayHaveMissed = (job: Job, pods: readonly Pod[], attempt: Attempt): boolean =>
  (jobEnd(job) ?? jobFailure(job)) !== undefined &&
  (attempt.state === 'failed' || attempt.state === 'succeeded') &&
  pods.filter(hasEnded).length < wantedPods(job);

const selectorOf = ({ metadata }: Job) => ({
  namespace: metadata.namespace,
  ownerUid: metadata.uid ?? '',
  labels: { [Label.trainingJob]: metadata.labels?.[Label.trainingJob] ?? '' },
});

const podsOf = (job: Job, cluster: Cluster): readonly Pod[] =>
  cluster.list<Pod & KubeObject>({ ...POD, ...selectorOf(job) });

/** All Jobs that a TrainingJob owns. */
export const listJobs = (cluster: Cluster, { metadata }: TrainingJob): readonly (Job & KubeObject)[] =>
  cluster.list<Job & KubeObject>({ ...JOB, namespace: metadata.namespace, ownerUid: metadata.uid ?? '' });

/** The pods of a TrainingJob that have not ended; those whose node does not answer any more are nobody's concern. */
export const livePods = (cluster: Cluster, { metadata: { namespace, name } }: TrainingJob, now: Date): readonly Pod[] =>
  cluster
    .list<Pod & KubeObject>({ ...POD, namespace, labels: { [Label.trainingJob]: name } })
    .filter((pod) => !hasEnded(pod) && !isOverdue(pod, now));

/** The try that is to be started, and what has succeeded before it. */
export interface Coming {
  run: number;
  stage: string;
  attempt: number;
  done: readonly string[];
}

/** Jobs and pods that still write to the work space, so that another try must not begin: of another run or try, or of a stage that is done again. */
export function inTheWay(
  cluster: Cluster,
  owner: TrainingJob,
  { coming, now }: { coming: Coming; now: Date },
): readonly Child[] {
  const pods = livePods(cluster, owner, now);
  const jobs = listJobs(cluster, owner).filter((job) => jobEnd(job) === undefined);
  return [...pods, ...jobs].filter((object) => !isOfComing(object, coming));
}

function isOfComing(object: Child, coming: Coming): boolean {
  const { run, stage, attempt, trial } = partOf(object);
  if (run !== coming.run) return false;
  // A search sees to its trials itself.
  if (stage === coming.stage && trial !== undefined) return true;
  return stage === coming.stage ? attempt === coming.attempt : coming.done.includes(stage);
}
