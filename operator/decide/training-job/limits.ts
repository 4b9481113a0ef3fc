import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import { TrainingReason } from '../../../crds/schema/reasons.ts';
import { addDuration } from '../times.ts';
import type { Failure } from './failure.ts';
import type { Life } from './life.ts';
import { workersOf } from './waiting.ts';

/** When the run has to be done. */
export const deadlineOf = ({ run }: Life, { spec }: TrainingJob): Date | undefined =>
  run === undefined || spec.deadline === undefined ? undefined : addDuration(new Date(run.startedAt), spec.deadline);

/** The run has taken longer than it may; what is finished by then counts. */
export function deadlineFailure(life: Life, job: TrainingJob, now: Date): Failure | undefined {
  const deadline = deadlineOf(life, job);
  if (deadline === undefined || deadline > now || job.spec.suspend) return undefined;
  return {
    reason: TrainingReason.DeadlineExceeded,
    cause: 'program',
    message: `The run began at ${life.run?.startedAt ?? '?'} and was not done within spec.deadline (${job.spec.deadline ?? ''}). Raise it to go on from the last finished stage and checkpoint.`,
    stop: true,
  };
}

/** How many of the pods of a try have come so far as to work. */
interface Counts {
  started: number;
  wanted: number;
}

/** Whether as many have started as can do the work: an elastic training does with fewer. */
export const hasStartedTogether = ({ started, wanted }: Counts, { spec }: TrainingJob): boolean =>
  started >= Math.min(spec.workers?.minCount ?? wanted, wanted);

/** When all workers must have come to run. */
export const startLimit = (since: Date, { spec }: TrainingJob): Date => addDuration(since, spec.startTimeout);

/** What a try is that may take too long to start: the only one of a run, or that of a trial. */
export interface StartingTry {
  job: TrainingJob;
  trial?: number | undefined;
  /** Since when it may start; undefined when its time does not count. */
  since: Date | undefined;
}

/** Whether not all workers came to run together in time. */
export const isLate = (counts: Counts, { job, since }: StartingTry, now: Date): boolean =>
  since !== undefined && !hasStartedTogether(counts, job) && startLimit(since, job) <= now;

/** The workers that did not come to run together in time: those that hold a place give it back. */
export const startFailure = (
  { started, wanted }: Counts,
  { job, trial }: StartingTry,
  waitingFor: string | undefined,
): Failure => ({
  reason: TrainingReason.StartTimeout,
  cause: 'infrastructure',
  message: `${started} of ${wanted} ${workersOf(trial)} had started within spec.startTimeout (${job.spec.startTimeout}).${waitingFor === undefined ? '' : ` ${waitingFor}`}`,
  stop: true,
});

/** Workers hang, and the user asks for a restart then. */
export function stallFailure(stalled: readonly string[], job: TrainingJob): Failure | undefined {
  const { stall } = job.spec;
  if (stall?.restart !== true || stalled.length === 0) return undefined;
  return {
    reason: TrainingReason.Stalled,
    cause: 'killed',
    message: `A worker hung for longer than spec.stall.after (${stall.after}). ${stalled[0] ?? ''}`,
    stop: true,
  };
}
