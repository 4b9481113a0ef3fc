import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import { TrainingReason } from '../../../crds/schema/reasons.ts';
import type { StageName } from '../../../crds/schema/training/status.ts';
import { isUnderWay, trueCondition, type Job, type Pod } from '../../decide/training-job/observed.ts';
import type { Problem } from '../../decide/problem.ts';
import { schedulerRefusal } from '../../decide/pod-obstacles.ts';
import { decideQueued, decideWaiting, isSilent, workersOf } from '../../decide/training-job/waiting.ts';
import type { KubeObject } from '../../kube/cluster.ts';
import { readWarnings } from '../warnings.ts';
import type { TrainingDeps } from './deps.ts';
import type { Sight } from './observe.ts';

/** In a busy cluster most pods wait for a moment; that is not worth a write of status. */
export const GRACE_MS = 2_000;
/** After this time pods that do not run have a reason that may be told by events only. */
const SLOW_START_MS = 15_000;
/** Watches do not tell of events. */
export const LOOK_AGAIN_MS = 15_000;

const TELLING: readonly string[] = [
  'FailedMount',
  'FailedAttachVolume',
  'FailedCreatePodSandBox',
  'FailedCreate',
  'Failed',
];

/** Why the pods of a stage do not all run. Reads from the API server only while one waits for a node or a mount. */
export async function findWaiting(current: Current, sight: Sight, deps: Means): Promise<Problem | undefined> {
  const { job, stage, trial } = current;
  const { attempt } = sight;
  if (sight.job === undefined) return undefined;
  const ageMs = ageOf(sight.job, deps.now);
  if (ageMs < GRACE_MS) return undefined;
  if (attempt.state === 'held') return decideQueued(job, queueWords(sight.job));
  if (attempt.state !== 'running' || areUnderWay(sight, stage)) return undefined;
  const isSlow = ageMs >= SLOW_START_MS;
  const problem = await explain(current, { ...sight, wanted: attempt.wanted, isSlow }, deps);
  return problem ?? (isSlow && attempt.started < attempt.wanted ? slow(attempt, trial) : undefined);
}

/** Whose pods wait: a stage's, or those of one trial of a search. */
interface Current {
  job: TrainingJob;
  stage: StageName;
  trial?: number | undefined;
}

/** What it takes to find out. */
export type Means = Pick<TrainingDeps, 'cluster' | 'capacity'> & { now: Date };

async function explain(
  current: Current,
  { wanted, isSlow, ...sight }: Sight & { wanted: number; isSlow: boolean },
  deps: Means,
): Promise<Problem | undefined> {
  const isRefused = sight.pods.some((pod) => schedulerRefusal(pod) !== undefined);
  const capacity = isRefused ? await deps.capacity.read() : undefined;
  const warning = isSlow ? await warningOf(sight, deps) : undefined;
  return decideWaiting({ ...current, pods: sight.pods, wanted, now: deps.now, warning, capacity });
}

const areUnderWay = ({ attempt, pods }: Sight, stage: StageName): boolean =>
  attempt.state === 'running' && pods.filter((pod) => isUnderWay(pod, stage)).length >= attempt.wanted;

/** Since when the pods of a Job may start: a queue's time does not count. */
export const startOf = ({ status, metadata }: Job, now: Date): Date =>
  new Date(status?.startTime ?? metadata.creationTimestamp ?? now);

/** For how long they may have started. */
export const ageOf = (job: Job, now: Date): number => now.getTime() - startOf(job, now).getTime();

const queueWords = ({ status }: Job): string | undefined => {
  const message = trueCondition(status?.conditions, 'Suspended')?.message;
  return message === undefined || message === 'Job suspended' ? undefined : message;
};

async function warningOf({ job, pods }: Sight, { cluster }: Means): Promise<string | undefined> {
  const silent = pods.find((pod) => isSilent(pod));
  const regarding: Job | Pod | undefined = pods.length === 0 ? job : silent;
  if (regarding === undefined) return undefined;
  const warnings = await readWarnings(cluster, regarding as KubeObject);
  return warnings.find(({ reason }) => TELLING.includes(reason))?.message;
}

const slow = ({ started, wanted }: { started: number; wanted: number }, trial: number | undefined): Problem => ({
  reason: TrainingReason.Starting,
  message:
    wanted === 1
      ? `The pod${trial === undefined ? '' : ` of trial ${trial}`} is starting: its image is being pulled, or its volumes are being mounted.`
      : `${started} of ${wanted} ${workersOf(trial)} run; the others are starting: images are being pulled, or volumes mounted.`,
  stalled: false,
});
