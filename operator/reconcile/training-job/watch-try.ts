import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { StageName } from '../../../crds/schema/training/status.ts';
import type { Failure } from '../../decide/training-job/failure.ts';
import { isLate, stallFailure, startFailure, startLimit } from '../../decide/training-job/limits.ts';
import { overdueAt } from '../../decide/training-job/observed.ts';
import { stalledWorkers, type Voice } from '../../decide/training-job/voice.ts';
import type { Problem } from '../../decide/problem.ts';
import { soonest } from '../../decide/soonest.ts';
import { ageOf, findWaiting, GRACE_MS, LOOK_AGAIN_MS, type Means } from './find-waiting.ts';
import type { Sight } from './observe.ts';

/** A try that goes on: that of a stage, or of one trial of a search. */
export interface GoingTry {
  job: TrainingJob;
  stage: StageName;
  trial?: number;
  /** Since when it may start; undefined when its time does not count. */
  since: Date | undefined;
  /** Whether it is of interest what its pods wait for, though they still have time. */
  isExplained: boolean;
}

/** What is to be said of it. */
export interface Watched {
  /** What its pods wait for. */
  problem: Problem | undefined;
  /** Which limit it has passed. */
  failure: Failure | undefined;
  /** Why its workers are taken to hang, one sentence each. */
  hanging: readonly string[];
  againInMs: number | undefined;
}

/** Looks at what a try waits for, whether it has passed a limit, and when to look again. */
export async function watchTry(
  current: GoingTry,
  sight: Sight,
  means: Means & { voice: Voice | undefined },
): Promise<Watched> {
  const { job, trial } = current;
  const { attempt } = sight;
  const { now, voice } = means;
  const late = attempt.state === 'running' && isLate(attempt, current, now) ? attempt : undefined;
  const isExplained = current.isExplained || late !== undefined;
  const problem = isExplained ? await findWaiting({ job, stage: current.stage, trial }, sight, means) : undefined;
  const hanging = stalledWorkers(voice, sight.job?.metadata.name);
  const failure =
    stallFailure(hanging, job) ?? (late === undefined ? undefined : startFailure(late, current, problem?.message));
  return { problem, failure, hanging, againInMs: soonest(untilStarted(current, sight, now), untilOverdue(sight, now)) };
}

/** In how many milliseconds the moment is; in a second when it has passed. */
export const until = (moment: Date | undefined, now: Date): number | undefined =>
  moment === undefined ? undefined : Math.max(1000, moment.getTime() - now.getTime());

/** Watches tell what pods do, but not what events say of them. */
function untilStarted({ job, since }: GoingTry, { attempt, job: made }: Sight, now: Date): number | undefined {
  if (made === undefined) return undefined;
  const restOfGraceMs = GRACE_MS - ageOf(made, now);
  const grace = restOfGraceMs > 0 ? restOfGraceMs : undefined;
  if (attempt.state !== 'running') return grace;
  if (attempt.started >= attempt.wanted) return undefined;
  return soonest(grace, LOOK_AGAIN_MS, since === undefined ? undefined : until(startLimit(since, job), now));
}

/** A pod whose node does not answer stays for ever. */
const untilOverdue = ({ pods }: Sight, now: Date): number | undefined =>
  soonest(...pods.map((pod) => until(overdueAt(pod), now)));
