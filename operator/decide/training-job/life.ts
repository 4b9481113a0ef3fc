import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { EndedRun, StageStatus, TrainingJobStatus } from '../../../crds/schema/training/status.ts';

/** The run that goes on, or ended last. */
export type Run = NonNullable<TrainingJobStatus['run']>;

/** What a job's status keeps from pass to pass; decisions turn one life into the next. */
export interface Life extends Pick<TrainingJobStatus, (typeof KEPT)[number]> {
  run?: Run | undefined;
  stages: readonly StageStatus[];
  runs: readonly EndedRun[];
}

/** What belongs to one run, and is cleared by the next. */
const OF_A_RUN = [
  'progress',
  'metrics',
  'trials',
  'evaluation',
  'compression',
  'data',
  'baseModel',
  'resources',
] as const satisfies readonly (keyof TrainingJobStatus)[];
const KEPT = [...OF_A_RUN, 'artifact'] as const;

/** The life as the status has it. */
export function lifeOf({ status = {} }: Pick<TrainingJob, 'status'>): Life {
  const kept = Object.fromEntries(KEPT.flatMap((name) => (status[name] === undefined ? [] : [[name, status[name]]])));
  return {
    ...(kept as Pick<TrainingJobStatus, (typeof KEPT)[number]>),
    ...(status.run === undefined ? {} : { run: status.run }),
    stages: status.stages ?? [],
    runs: status.runs ?? [],
  };
}

/** A life without what belonged to its last run. */
export function withoutRun(life: Life): Life {
  const { run: _run, stages: _stages, ...rest } = life;
  const cleared = Object.fromEntries(
    Object.entries(rest).filter(([name]) => !(OF_A_RUN as readonly string[]).includes(name)),
  );
  return { ...(cleared as Omit<Life, 'run' | 'stages'>), stages: [] };
}

/** Whether the run has come to its end, good or bad. */
export const isFinished = ({ run }: Life): boolean => run?.finishedAt !== undefined;

/** Whether every stage of the run has succeeded. */
export const hasSucceeded = ({ stages }: Life): boolean =>
  stages.length > 0 && stages.every(({ state }) => state === 'Succeeded');

/** The first stage that has not succeeded. */
export const currentStage = ({ stages }: Life): StageStatus | undefined =>
  stages.find(({ state }) => state !== 'Succeeded');

/** The life with one stage replaced. */
export const withStage = (life: Life, stage: StageStatus): Life => ({
  ...life,
  stages: life.stages.map((other) => (other.name === stage.name ? stage : other)),
});
