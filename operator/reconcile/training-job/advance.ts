import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import { TrainingReason } from '../../../crds/schema/reasons.ts';
import type { StageStatus } from '../../../crds/schema/training/status.ts';
import { currentStage, isFinished, type Life } from '../../decide/training-job/life.ts';
import { deadlineFailure } from '../../decide/training-job/limits.ts';
import { stageFailed } from '../../decide/training-job/after-failure.ts';
import type { Problem } from '../../decide/problem.ts';
import { inTheWay } from './observe.ts';
import { startStage } from './start-stage.ts';
import { searchTrials } from './search-trials.ts';
import type { TrainingDeps } from './deps.ts';
import { watchStage } from './watch-stage.ts';

/** What a pass has come to. */
export interface Position {
  life: Life;
  /** Nothing more is to be done in this pass. */
  isSettled: boolean;
  /** What the current stage waits for. */
  problem?: Problem | undefined;
  /** Why workers are taken to hang, one sentence each. */
  hanging?: readonly string[] | undefined;
  /** Pods of the training that runs. */
  pods?: { running: number; wanted: number } | undefined;
  /** When to look again though nothing tells. */
  againInMs?: number | undefined;
  isNamespaceEnding?: boolean;
}

/** A stage that is done leads to the next one in the same pass; there are six, and each may fail and wait. */
const MOST_STEPS = 20;

/** Goes on with the run as far as it goes now: reads how the current stage is, and starts the next one. */
export async function advance(life: Life, job: TrainingJob, deps: TrainingDeps): Promise<Position> {
  let position: Position = { life, isSettled: false };
  for (let steps = 0; steps < MOST_STEPS && !position.isSettled; steps += 1) {
    position = await step(position.life, job, deps);
  }
  return position;
}

async function step(life: Life, job: TrainingJob, deps: TrainingDeps): Promise<Position> {
  const stage = currentStage(life);
  if (stage === undefined || isFinished(life)) return settled(life);
  switch (stage.state) {
    case 'Running':
      return stage.name === 'train' && job.spec.search !== undefined
        ? searchTrials(life, { job, stage }, deps)
        : watchStage(life, { job, stage }, deps);
    case 'Waiting':
      return job.spec.suspend ? settled(life) : begin(life, { job, stage }, deps);
    case 'Failed':
    case 'Succeeded':
      return settled(life);
  }
}

const settled = (life: Life): Position => ({ life, isSettled: true });

/** Starts the stage when its time has come and nothing is in its way. */
async function begin(
  life: Life,
  { job, stage }: { job: TrainingJob; stage: StageStatus },
  deps: TrainingDeps,
): Promise<Position> {
  const { run } = life;
  const now = deps.now();
  if (run === undefined) return settled(life);
  const late = deadlineFailure(life, job, now);
  if (late !== undefined) return { life: stageFailed(life, stage, { failure: late, job, now }), isSettled: false };
  const pauseMs = stage.retryAt === undefined ? 0 : new Date(stage.retryAt).getTime() - now.getTime();
  if (pauseMs > 0) return { ...settled(life), againInMs: pauseMs };
  const problem = pathBlocked(life, { job, stage }, deps);
  if (problem !== undefined) return { ...settled(life), problem, againInMs: problem.againInMs };
  const start = await startStage({ job, life, run }, stage, deps);
  if ('isNamespaceEnding' in start) return { ...settled(life), isNamespaceEnding: true };
  if ('problem' in start) return { ...settled(life), problem: start.problem, againInMs: start.problem.againInMs };
  // A search starts its trials at once; of a Job there is nothing to see yet.
  return { life: start.life, isSettled: job.spec.search === undefined || stage.name !== 'train' };
}

/** Pods that are going, but may never be gone, are looked at again. */
const LEAVING_MS = 30_000;

/** Two tries that write to the same place would spoil it: the new one waits until the pods of the old one are gone. */
function pathBlocked(
  life: Life,
  { job, stage }: { job: TrainingJob; stage: StageStatus },
  { cluster, now }: TrainingDeps,
): Problem | undefined {
  const done = life.stages.filter(({ state }) => state === 'Succeeded').map(({ name }) => name);
  const coming = { run: life.run?.number ?? 0, stage: stage.name, attempt: (stage.attempt ?? 0) + 1, done };
  if (inTheWay(cluster, job, { coming, now: now() }).length === 0) return undefined;
  const why = stage.message === undefined ? '' : ` Why it starts again: ${stage.message}`;
  return {
    reason: stage.reason === undefined ? TrainingReason.Starting : TrainingReason.Restarting,
    // The same words for each that goes: a thousand workers must not be as many writes.
    message: `Stage ${stage.name} starts when the Jobs and pods of earlier tries are gone.${why}`,
    stalled: false,
    againInMs: LEAVING_MS,
  };
}
