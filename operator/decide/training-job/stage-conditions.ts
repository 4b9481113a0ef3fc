import { StageCondition, TrainingReason } from '../../../crds/schema/reasons.ts';
import type { Condition } from '../../../crds/schema/shared.ts';
import type { StageStatus } from '../../../crds/schema/training/status.ts';
import type { Life } from './life.ts';

type Words = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** A condition for each stage that has begun: Unknown while it goes on. */
export const stageConditions = (life: Life): Words[] =>
  life.stages
    .filter(({ state, attempt }) => state !== 'Waiting' || attempt !== undefined)
    .map((stage) => ({ type: StageCondition[stage.name], ...wordsOf(stage, life) }));

function wordsOf(stage: StageStatus, life: Life): Omit<Words, 'type'> {
  switch (stage.state) {
    case 'Succeeded':
      return done(stage, life);
    case 'Failed':
      return { status: 'False', reason: stage.reason ?? TrainingReason.StageCrashed, message: stage.message ?? '' };
    case 'Running':
      return { status: 'Unknown', reason: TrainingReason.Running, message: `Stage ${stage.name} runs.` };
    case 'Waiting':
      return waiting(stage);
  }
}

function done({ name }: StageStatus, { runs, run }: Life): Omit<Words, 'type'> {
  const isKeptBack = name === 'publish' && runs[0]?.number === run?.number && runs[0]?.promoted === false;
  return isKeptBack
    ? {
        status: 'True',
        reason: TrainingReason.NotBetter,
        message: 'Published, but not better than what Models follow.',
      }
    : { status: 'True', reason: TrainingReason.Done, message: `Stage ${name} is done.` };
}

function waiting({ name, reason, message = '', retryAt }: StageStatus): Omit<Words, 'type'> {
  if (retryAt !== undefined) return { status: 'Unknown', reason: TrainingReason.Retrying, message };
  return reason === undefined
    ? { status: 'Unknown', reason: TrainingReason.Starting, message: `Stage ${name} is about to start again.` }
    : { status: 'Unknown', reason: TrainingReason.Restarting, message };
}
