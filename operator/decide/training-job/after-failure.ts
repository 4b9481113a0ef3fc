import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import { TrainingReason } from '../../../crds/schema/reasons.ts';
import type { StageStatus } from '../../../crds/schema/training/status.ts';
import { retryDelayMs, timestamp } from '../times.ts';
import { asSentence } from '../words.ts';
import { endRun } from './end-run.ts';
import { isRestartable, type Failure } from './failure.ts';
import { withStage, type Life } from './life.ts';

const LONGEST_MESSAGE = 3000;
const LONGEST_DELAY_MS = 16 * 60_000;
/** A stage that crashes does so each time; a node is not lost three times in a row. */
const MOST_CRASHES = 3;
/** After so many failures of the same kind it does not look as if it would pass. */
const MOST_SILENT_FAILURES = 5;

/** The life after a try of a stage has failed: the workers start again, the stage is tried later, or the run has failed. */
export function stageFailed(
  life: Life,
  stage: StageStatus,
  failed: { failure: Failure; job: TrainingJob; now: Date },
): Life {
  const { failure, job, now } = failed;
  const ended = { ...given(stage), ...worded(failure, failure.message) };
  if (failure.reason === TrainingReason.StartTimeout) return later(life, ended, now);
  if (stage.name === 'train' && isRestartable(failure, job.spec)) return restarted(life, ended, failed);
  if (stage.name !== 'train' && isRetryable(failure, stage)) return later(life, ended, now);
  return failedForGood(life, ended, failed);
}

/** What stays with a stage whose try has ended. */
const given = ({ name, job, attempt, startedAt }: StageStatus): Omit<StageStatus, 'state'> => ({
  name,
  ...(job === undefined ? {} : { job }),
  ...(attempt === undefined ? {} : { attempt }),
  ...(startedAt === undefined ? {} : { startedAt }),
});

const worded = ({ reason, result }: Failure, message: string) => ({
  reason,
  message: asSentence(message).slice(0, LONGEST_MESSAGE),
  ...(result === undefined || Object.keys(result).length === 0 ? {} : { result }),
});

function isRetryable({ cause, reason, retryable }: Failure, { attempt = 1 }: StageStatus): boolean {
  if (reason === TrainingReason.StageCrashed) return attempt < MOST_CRASHES;
  return cause !== 'program' || retryable === true;
}

type Ended = Omit<StageStatus, 'state'>;

function restarted(
  life: Life,
  ended: Ended,
  { failure, job, now }: { failure: Failure; job: TrainingJob; now: Date },
): Life {
  const restarts = life.run?.restarts ?? 0;
  const { maxRestarts } = job.spec;
  if (restarts >= maxRestarts) {
    const allowed =
      maxRestarts === 0
        ? 'spec.maxRestarts is 0'
        : `It was restarted ${times(restarts)} already, as often as spec.maxRestarts allows`;
    const message = `${asSentence(failure.message)} ${allowed}; raise it to go on from the last checkpoint.`;
    return failedForGood(life, { ...ended, ...worded(failure, message) }, { failure, job, now });
  }
  const { job: _job, startedAt: _startedAt, ...kept } = ended;
  const next = withStage(life, { ...kept, state: 'Waiting' });
  return next.run === undefined ? next : { ...next, run: { ...next.run, restarts: restarts + 1 } };
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

/** The pauses grow with the tries: 30 s, doubling up to 16 min. */
function later(life: Life, ended: Ended, now: Date): Life {
  const delayMs = Math.min(LONGEST_DELAY_MS, retryDelayMs(triesOf(life, ended)));
  const { job: _job, startedAt: _startedAt, ...kept } = ended;
  return withStage(life, { ...kept, state: 'Waiting', retryAt: timestamp(new Date(now.getTime() + delayMs)) });
}

/** How often the stage was tried, restarts of its workers left out. */
const triesOf = ({ run }: Life, { name, attempt = 1 }: Ended): number =>
  Math.max(1, attempt - (name === 'train' ? (run?.restarts ?? 0) : 0));

/** Whether it has been tried so often that a person should look at it, though it is tried on. */
export const isHopeless = (life: Life, stage: StageStatus): boolean =>
  stage.retryAt !== undefined && triesOf(life, stage) >= MOST_SILENT_FAILURES;

function failedForGood(
  life: Life,
  ended: Ended,
  { failure, job, now }: { failure: Failure; job: TrainingJob; now: Date },
): Life {
  const { job: name, ...rest } = ended;
  const stage: StageStatus = {
    ...rest,
    // A Job that is not named here is stopped.
    ...(name === undefined || failure.stop === true ? {} : { job: name }),
    state: 'Failed',
    finishedAt: timestamp(now),
  };
  return endRun(withStage(life, stage), job, { outcome: 'Failed', reason: failure.reason, now });
}
