import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { StageStatus } from '../../../crds/schema/training/status.ts';
import { stageFailed } from '../../decide/training-job/after-failure.ts';
import { stageSucceeded } from '../../decide/training-job/after-success.ts';
import type { Failure } from '../../decide/training-job/failure.ts';
import { withStage, type Life } from '../../decide/training-job/life.ts';
import { deadlineFailure, deadlineOf } from '../../decide/training-job/limits.ts';
import type { SearchOutcome } from '../../decide/training-job/search/search-outcome.ts';
import { soonest } from '../../decide/soonest.ts';
import type { Position } from './advance.ts';
import type { TrainingDeps } from './deps.ts';

/** Training that searches: many trials take the place of one Job. */
export async function searchTrials(
  life: Life,
  { job, stage }: { job: TrainingJob; stage: StageStatus },
  deps: TrainingDeps,
): Promise<Position> {
  const now = deps.now();
  if (job.spec.suspend) return { life: withStage(life, paused(stage)), isSettled: true };
  const late = deadlineFailure(life, job, now);
  if (late !== undefined) return { life: stageFailed(life, stage, { failure: late, job, now }), isSettled: false };
  const outcome = await deps.search({ job, run: life.run?.number ?? 1 }, deps);
  return follow({ ...life, trials: outcome.trials }, { job, stage, outcome, now });
}

const paused = ({ name, attempt }: StageStatus): StageStatus => ({
  name,
  state: 'Waiting',
  ...(attempt === undefined ? {} : { attempt }),
});

interface Told {
  job: TrainingJob;
  stage: StageStatus;
  outcome: SearchOutcome;
  now: Date;
}

function follow(life: Life, { job, stage, outcome, now }: Told): Position {
  switch (outcome.state) {
    case 'running': {
      const deadline = deadlineOf(life, job);
      const againInMs = soonest(
        outcome.requeueAfterMs,
        outcome.problem?.againInMs,
        deadline === undefined ? undefined : Math.max(1000, deadline.getTime() - now.getTime()),
      );
      const { problem, hanging, pods } = outcome;
      return { life, isSettled: true, problem, hanging, pods, againInMs };
    }
    case 'succeeded': {
      const done = stageSucceeded(life, stage, { result: resultOf(outcome, job), job, now });
      return { life: withBest(done, outcome.bestTrial), isSettled: false };
    }
    case 'failed': {
      const failure: Failure = { reason: outcome.reason, message: outcome.message, cause: 'program' };
      return { life: stageFailed(life, stage, { failure, job, now }), isSettled: false };
    }
  }
}

/** What the best trial reached, as any training would report it. */
function resultOf({ bestTrial, trials }: SearchOutcome & { state: 'succeeded' }, { spec }: TrainingJob) {
  const { value, parameters } = trials.best ?? {};
  const metric = spec.search?.objective.metric;
  return {
    bestTrial,
    ...(parameters === undefined ? {} : { parameters }),
    ...(metric === undefined || value === undefined ? {} : { metrics: { [metric]: value } }),
  };
}

const withBest = (life: Life, bestTrial: number): Life =>
  life.run === undefined ? life : { ...life, run: { ...life.run, bestTrial } };
