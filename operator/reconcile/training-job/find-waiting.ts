import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import { TrainingReason } from '../../../crds/schema/reasons.ts';
import type { StageStatus } from '../../../crds/schema/training/status.ts';
import { isUnderWay, trueCondition, type Job, type Pod } from '../../decide/training-job/observed.ts';
import type { Problem } from '../../decide/problem.ts';
import { schedulerRefusal } from '../../decide/pod-obstacles.ts';
import { decideQueued, decideWaiting, isSilent } from '../../decide/training-job/waiting.ts';
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
export async function findWaiting(current: Current, sight: Sight, deps: TrainingDeps): Promise<Problem | undefined> {
  const { job, stage } = current;
  const { attempt } = sight;
  if (sight.job === undefined || ageOf(stage, deps.now()) < GRACE_MS) return undefined;
  if (attempt.state === 'held') return decideQueued(job, queueWords(sight.job));
  if (attempt.state !== 'running' || areUnderWay(sight, stage)) return undefined;
  const isSlow = deps.now().getTime() - startOf(stage, sight.job, deps.now()).getTime() >= SLOW_START_MS;
  const problem = await explain(current, { ...sight, wanted: attempt.wanted, isSlow }, deps);
  return problem ?? (isSlow && attempt.started < attempt.wanted ? slow(attempt.started, attempt.wanted) : undefined);
}

interface Current {
  job: TrainingJob;
  stage: StageStatus;
}

async function explain(
  { job, stage }: Current,
  { wanted, isSlow, ...sight }: Sight & { wanted: number; isSlow: boolean },
  deps: TrainingDeps,
): Promise<Problem | undefined> {
  const isRefused = sight.pods.some((pod) => schedulerRefusal(pod) !== undefined);
  const capacity = isRefused ? await deps.capacity.read() : undefined;
  const warning = isSlow ? await warningOf(sight, deps) : undefined;
  return decideWaiting({ job, stage: stage.name, pods: sight.pods, wanted, now: deps.now(), warning, capacity });
}

const areUnderWay = ({ attempt, pods }: Sight, { name }: StageStatus): boolean =>
  attempt.state === 'running' && pods.filter((pod) => isUnderWay(pod, name)).length >= attempt.wanted;

/** How long ago the try was started. */
export const ageOf = ({ startedAt }: StageStatus, now: Date): number =>
  now.getTime() - new Date(startedAt ?? now).getTime();

/** Since when the pods may start: a queue's time does not count. */
export const startOf = (stage: StageStatus, job: Job, now: Date): Date =>
  new Date(job.status?.startTime ?? stage.startedAt ?? now);

const queueWords = ({ status }: Job): string | undefined => {
  const message = trueCondition(status?.conditions, 'Suspended')?.message;
  return message === undefined || message === 'Job suspended' ? undefined : message;
};

async function warningOf({ job, pods }: Sight, { cluster }: TrainingDeps): Promise<string | undefined> {
  const silent = pods.find((pod) => isSilent(pod));
  const regarding: Job | Pod | undefined = pods.length === 0 ? job : silent;
  if (regarding === undefined) return undefined;
  const warnings = await readWarnings(cluster, regarding as KubeObject);
  return warnings.find(({ reason }) => TELLING.includes(reason))?.message;
}

const slow = (started: number, wanted: number): Problem => ({
  reason: TrainingReason.Starting,
  message:
    wanted === 1
      ? 'The pod is starting: its image is being pulled, or its volumes are being mounted.'
      : `${started} of ${wanted} workers run; the others are starting: images are being pulled, or volumes mounted.`,
  stalled: false,
});
