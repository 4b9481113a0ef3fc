import { ConditionType } from '../../../crds/schema/reasons.ts';
import type { StageStatus, TrainingJobStatus } from '../../../crds/schema/training/status.ts';
import { findCondition } from '../conditions.ts';

/** An event on a TrainingJob. */
export interface TrainingEvent {
  type: 'Normal' | 'Warning';
  reason: string;
  action: string;
  note: string;
}

const LONGEST_NOTE = 1000;

/**
 * What a pass tells as events: transitions only. Of a run that has one stage and goes well there are none: its Job says all
 * of it already.
 */
export function decideEvents(was: TrainingJobStatus | undefined, is: TrainingJobStatus): TrainingEvent[] {
  const before = was?.run?.number === is.run?.number ? was : { ...was, run: undefined, stages: [] };
  const stages = (is.stages ?? []).flatMap((stage) =>
    ofStage(
      before?.stages?.find(({ name }) => name === stage.name),
      stage,
    ),
  );
  const told = (is.stages ?? []).length > 1 ? stages : stages.filter(({ type }) => type === 'Warning');
  return [...told, ...restarted(before, is), ...promoted(was, is), ...stalled(was, is)].map((event) => ({
    ...event,
    note: event.note.slice(0, LONGEST_NOTE),
  }));
}

type StageCheck = (was: StageStatus | undefined, is: StageStatus) => TrainingEvent | undefined;

const succeeded: StageCheck = (was, is) =>
  is.state === 'Succeeded' && was?.state !== 'Succeeded'
    ? { type: 'Normal', reason: 'StageSucceeded', action: 'Train', note: `Stage ${is.name} is done.` }
    : undefined;

const failed: StageCheck = (was, is) => {
  const isEnd = is.state === 'Failed' && was?.state !== 'Failed';
  const isNewTrouble = is.retryAt !== undefined && was?.reason !== is.reason;
  const note = `Stage ${is.name} failed: ${is.message ?? ''}`;
  return isEnd || isNewTrouble ? { type: 'Warning', reason: 'StageFailed', action: 'Train', note } : undefined;
};

/** Later tries have told why there are several. */
const started: StageCheck = (was, is) =>
  is.state === 'Running' && was?.state !== 'Running' && is.attempt === 1
    ? { type: 'Normal', reason: 'StageStarted', action: 'Train', note: startWords(is) }
    : undefined;

const ofStage = (was: StageStatus | undefined, is: StageStatus): TrainingEvent[] =>
  [succeeded, failed, started].map((check) => check(was, is)).filter((event) => event !== undefined);

const startWords = ({ name, job }: StageStatus): string =>
  job === undefined ? `Stage ${name} begins.` : `Stage ${name} runs in Job ${job}.`;

function restarted(was: TrainingJobStatus | undefined, { run, stages }: TrainingJobStatus): TrainingEvent[] {
  if ((run?.restarts ?? 0) <= (was?.run?.restarts ?? 0)) return [];
  const why = stages?.find(({ name }) => name === 'train')?.message ?? '';
  return [{ type: 'Warning', reason: 'Restarted', action: 'Restart', note: `The workers start again: ${why}` }];
}

function promoted(was: TrainingJobStatus | undefined, { artifact, runs }: TrainingJobStatus): TrainingEvent[] {
  const [last] = runs ?? [];
  if (last?.uri === undefined || was?.runs?.[0]?.finishedAt === last.finishedAt) return [];
  const published: TrainingEvent = {
    type: 'Normal',
    reason: 'Published',
    action: 'Publish',
    note: `Run ${last.number} is published: ${last.uri}`,
  };
  if (artifact?.digest === last.digest) {
    return [
      published,
      { type: 'Normal', reason: 'Promoted', action: 'Promote', note: `Models follow run ${last.number} now.` },
    ];
  }
  return [published];
}

function stalled(was: TrainingJobStatus | undefined, is: TrainingJobStatus): TrainingEvent[] {
  const now = findCondition(is.conditions, ConditionType.Stalled);
  const before = findCondition(was?.conditions, ConditionType.Stalled);
  const isToldByStage = (is.stages ?? []).some(({ reason }) => reason !== undefined && reason === now?.reason);
  return now === undefined || before?.reason === now.reason || isToldByStage
    ? []
    : [{ type: 'Warning', reason: now.reason, action: 'Reconcile', note: now.message }];
}
