import { TrainingReason } from '../../../crds/schema/reasons.ts';
import type { StageName, TrainingJobStatus } from '../../../crds/schema/training/status.ts';
import type { Failure } from './failure.ts';
import { containersOf, hasStarted, isHeld, isRunning, jobEnd, jobFailure, type Job, type Pod } from './observed.ts';
import { failedAt, podFailure } from './pod-failure.ts';
import { parseFreeResult, parseReport, readFetched } from './reports.ts';

/** How far a try of a stage is. */
export type Attempt =
  | { state: 'missing' }
  /** A queue holds the Job back. */
  | { state: 'held' }
  /** How many pods run now, and how many have come so far as to run. */
  | { state: 'running'; running: number; started: number; wanted: number }
  | { state: 'succeeded'; result?: Record<string, unknown>; data: Data }
  | { state: 'failed'; failure: Failure; data: Data };

type Data = NonNullable<TrainingJobStatus['data']>;

/** Everything that is known of one try. */
export interface Observed {
  stage: StageName;
  job: Job | undefined;
  pods: readonly Pod[];
  now: Date;
}

/** Reads a try from its Job and pods. What pods report counts before the Job says so. */
export function decideAttempt(observed: Observed): Attempt {
  const { job, pods } = observed;
  if (job === undefined || job.metadata.deletionTimestamp !== undefined) return { state: 'missing' };
  if (isHeld(job) && jobEnd(job) === undefined) return { state: 'held' };
  const data = pods.flatMap(readFetched);
  const success = successOf(job, observed);
  if (success !== undefined) return { state: 'succeeded', ...success, data };
  const failure = failureOf(job, observed);
  if (failure !== undefined) return { state: 'failed', failure, data };
  const { stage } = observed;
  const counts = {
    running: pods.filter(isRunning).length,
    started: pods.filter((pod) => hasStarted(pod, stage)).length,
  };
  return { state: 'running', ...counts, wanted: wantedPods(job) };
}

/** How many pods the Job has. */
export const wantedPods = ({ spec }: Job): number => spec?.completions ?? 1;

/** A stage of ours succeeds by its report; a training when all of its workers have ended well. */
function successOf(job: Job, { stage, pods }: Observed): { result?: Record<string, unknown> } | undefined {
  if (stage === 'train') {
    const ended = pods.filter(({ status }) => status?.phase === 'Succeeded');
    if (jobEnd(job)?.type !== 'Complete' && ended.length < enoughPods(job)) return undefined;
    const result = ended.map((pod) => parseFreeResult(messageOf(pod, stage))).find((found) => found !== undefined);
    return result === undefined ? {} : { result };
  }
  for (const pod of pods) {
    const report = exitCodeOf(pod, stage) === 0 ? parseReport(messageOf(pod, stage)) : undefined;
    if (report?.ok === true) return { result: report.result };
  }
  return undefined;
}

/** When its Job has ended, an elastic training may have lost as many workers as it can go without. */
const enoughPods = (job: Job): number =>
  wantedPods(job) - (jobFailure(job) === undefined ? 0 : (job.spec?.maxFailedIndexes ?? 0));

const endOf = (pod: Pod, container: string) =>
  containersOf(pod).find(({ name }) => name === container)?.state?.terminated;
const messageOf = (pod: Pod, container: string): string | undefined => endOf(pod, container)?.message;
const exitCodeOf = (pod: Pod, container: string): number | undefined => endOf(pod, container)?.exitCode;

interface Fault {
  failure: Failure;
  rank: number;
  at: string;
}

/** An elastic training takes lost workers in again by itself: it has failed when its Job says so. */
function failureOf(job: Job, { stage, pods, now }: Observed): Failure | undefined {
  if (job.spec?.backoffLimitPerIndex !== undefined && jobFailure(job) === undefined) return undefined;
  const isAlone = wantedPods(job) === 1;
  const deletion = Math.min(...pods.map(deletionOf));
  const faults = pods.flatMap((pod): Fault[] => {
    const failure = podFailure({ pod, stage, isAlone, now });
    return failure === undefined ? [] : [faultOf({ failure, pod, at: failedAt(pod, stage) }, deletion)];
  });
  const [first] = faults.toSorted((a, b) => a.rank - b.rank || (a.at < b.at ? -1 : Number(a.at > b.at)));
  return first?.rank === FOLLOWS ? jobFailedAlone(job, stage) : (first?.failure ?? jobFailedAlone(job, stage));
}

/** Ended because a pod was deleted: why, its Job is about to say. */
const FOLLOWS = 2;

/**
 * A lost node or missing memory explains what the other workers say, also when they said it first. Those that end once
 * somebody has deleted one of them only follow, whatever the exit code with which their programs take that. When one fails by
 * itself, its Job deletes the others only later: the Job controller gathers what happens to pods for a second.
 */
function faultOf({ failure, pod, at }: { failure: Failure; pod: Pod; at: string }, deletion: number): Fault {
  const { cause, reason } = failure;
  if (cause === 'infrastructure' || reason === TrainingReason.OutOfMemory) return { failure, rank: 0, at };
  const isKilled = cause === 'killed' && pod.metadata.deletionTimestamp !== undefined;
  return { failure, rank: isKilled || Date.parse(at) >= deletion ? FOLLOWS : 1, at };
}

/** When the pod was asked to go: its time of deletion is the one by which it must be gone. */
function deletionOf({ metadata: { deletionTimestamp, deletionGracePeriodSeconds = 0 } }: Pod): number {
  if (deletionTimestamp === undefined) return Infinity;
  return Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
}

/** The Job failed, or is complete without a report, and no pod tells why. */
function jobFailedAlone(job: Job, stage: StageName): Failure | undefined {
  const end = jobFailure(job) ?? jobEnd(job);
  if (end === undefined) return undefined;
  if (end.reason === 'DeadlineExceeded') return deadlineExceeded(stage);
  if (end.type === 'Complete') {
    const message = `Stage ${stage} ended without a report. See the log of Job ${job.metadata.name}.`;
    return { reason: TrainingReason.StageCrashed, cause: 'program', message };
  }
  return {
    reason: TrainingReason.Killed,
    cause: 'killed',
    message: `A pod of Job ${job.metadata.name} was deleted before it ended: ${end.message ?? end.reason ?? 'no reason is given'}.`,
  };
}

const deadlineExceeded = (stage: StageName): Failure => ({
  reason: TrainingReason.DeadlineExceeded,
  cause: 'infrastructure',
  message:
    stage === 'train'
      ? 'Training did not end within spec.deadline. Raise it to go on from the last checkpoint.'
      : `Stage ${stage} did not end within the time that one try may take. Have the platform team raise training.stageDeadlineSeconds.`,
});
