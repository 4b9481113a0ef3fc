import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import { TrainingReason } from '../../../crds/schema/reasons.ts';
import type { StageStatus } from '../../../crds/schema/training/status.ts';
import { addDuration } from '../times.ts';
import type { Failure } from './failure.ts';
import type { Life } from './life.ts';
import { stalledWorkers, type Voice } from './voice.ts';

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

/** When all workers must have come to run. */
export const startLimit = (since: Date, { spec }: TrainingJob): Date => addDuration(since, spec.startTimeout);

/** Not all workers came to run together in time: those that hold a place give it back. */
export function startFailure(
  counts: { started: number; wanted: number },
  { job, since, waitingFor }: { job: TrainingJob; since: Date; waitingFor: string | undefined },
  now: Date,
): Failure | undefined {
  const needed = Math.min(job.spec.workers?.minCount ?? counts.wanted, counts.wanted);
  if (counts.started >= needed || startLimit(since, job) > now) return undefined;
  const why = waitingFor === undefined ? '' : ` ${waitingFor}`;
  return {
    reason: TrainingReason.StartTimeout,
    cause: 'infrastructure',
    message: `${counts.started} of ${counts.wanted} workers had started within spec.startTimeout (${job.spec.startTimeout}).${why}`,
    stop: true,
  };
}

/** A worker hangs, and the user asks for a restart then. */
export function stallFailure(
  voice: Voice | undefined,
  { job: name }: StageStatus,
  job: TrainingJob,
): Failure | undefined {
  const stalled = stalledWorkers(voice, name);
  const { stall } = job.spec;
  if (stall?.restart !== true || stalled.length === 0) return undefined;
  return {
    reason: TrainingReason.Stalled,
    cause: 'killed',
    message: `A worker hung for longer than spec.stall.after (${stall.after}). ${stalled[0] ?? ''}`,
    stop: true,
  };
}
