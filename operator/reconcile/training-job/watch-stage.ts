import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { StageStatus } from '../../../crds/schema/training/status.ts';
import { stageFailed } from '../../decide/training-job/after-failure.ts';
import { stageSucceeded, withData, withMeasured } from '../../decide/training-job/after-success.ts';
import type { Attempt } from '../../decide/training-job/attempt.ts';
import { withStage, type Life } from '../../decide/training-job/life.ts';
import { deadlineFailure, deadlineOf } from '../../decide/training-job/limits.ts';
import { toldAtTheEnd, type Voice } from '../../decide/training-job/voice.ts';
import { soonest } from '../../decide/soonest.ts';
import type { Position } from './advance.ts';
import { keyOf, type TrainingDeps } from './deps.ts';
import { startOf } from './find-waiting.ts';
import { observeAttempt, type Sight } from './observe.ts';
import { until, watchTry } from './watch-try.ts';

interface Current {
  job: TrainingJob;
  stage: StageStatus;
}

/** Reads how the try of the current stage is, and what follows from it. */
export async function watchStage(life: Life, current: Current, deps: TrainingDeps): Promise<Position> {
  const { job, stage } = current;
  const sight = await observeAttempt(stage, job, deps);
  const { attempt } = sight;
  switch (attempt.state) {
    case 'succeeded':
      return { life: await afterSuccess(life, current, { attempt, deps }), isSettled: false };
    case 'failed':
      return { life: afterFailure(life, current, { attempt, deps }), isSettled: false };
    case 'missing':
      return { life: withStage(life, startedAnew(stage)), isSettled: false };
    case 'held':
    case 'running':
      return job.spec.suspend
        ? { life: withStage(life, startedAnew(stage)), isSettled: true }
        : goOn(life, current, { sight, deps });
  }
}

/** The stage waits for its next try; nothing was its fault. */
function startedAnew({ name, attempt }: StageStatus): StageStatus {
  return { name, state: 'Waiting', ...(attempt === undefined ? {} : { attempt }) };
}

async function afterSuccess(
  life: Life,
  { job, stage }: Current,
  { attempt, deps }: { attempt: Attempt & { state: 'succeeded' }; deps: TrainingDeps },
): Promise<Life> {
  const voice = stage.name === 'train' ? await lastWords(stage, job, deps) : undefined;
  const heard = voice === undefined ? life : { ...life, ...toldAtTheEnd(voice) };
  return stageSucceeded(heard, stage, { result: attempt.result, data: attempt.data, job, now: deps.now() });
}

/** What the pods told last stays with the run. A training may be over before its output was ever read. */
async function lastWords(
  { job: name }: StageStatus,
  job: TrainingJob,
  { voices }: TrainingDeps,
): Promise<Voice | undefined> {
  const heard = (): Voice | undefined => voices.of(keyOf(job.metadata));
  if (name === undefined) return heard();
  // Output that cannot be read, as of a node that is gone, must not keep the run from going on.
  return voices.finalOf({ namespace: job.metadata.namespace, name }).catch(heard);
}

function afterFailure(
  life: Life,
  { job, stage }: Current,
  { attempt, deps }: { attempt: Attempt & { state: 'failed' }; deps: TrainingDeps },
): Life {
  const { failure, data } = attempt;
  const measured = withMeasured(withData(life, data), stage, { result: failure.result, job });
  return stageFailed(measured, stage, { failure, job, now: deps.now() });
}

/** The try goes on, unless its time is up; what it waits for is found out while not all of its pods run. */
async function goOn(
  life: Life,
  { job, stage }: Current,
  { sight, deps }: { sight: Sight; deps: TrainingDeps },
): Promise<Position> {
  const now = deps.now();
  const { attempt, job: made } = sight;
  const since = made === undefined ? undefined : startOf(made, now);
  const voice = deps.voices.of(keyOf(job.metadata));
  const current = { job, stage: stage.name, since, isExplained: true };
  const { problem, hanging, ...watched } = await watchTry(current, sight, { ...deps, now, voice });
  const failure = deadlineFailure(life, job, now) ?? watched.failure;
  if (failure !== undefined) return { life: stageFailed(life, stage, { failure, job, now }), isSettled: false };
  return {
    life,
    isSettled: true,
    problem,
    hanging,
    ...(stage.name === 'train' && attempt.state === 'running'
      ? { pods: { running: attempt.running, wanted: attempt.wanted } }
      : {}),
    againInMs: soonest(until(deadlineOf(life, job), now), watched.againInMs),
  };
}
