import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { StageStatus, TrainingJobStatus } from '../../../crds/schema/training/status.ts';
import { wantedStages } from '../../build/training-job/stages.ts';
import { timestamp } from '../times.ts';
import { endRun } from './end-run.ts';
import { hasSucceeded, withStage, type Life } from './life.ts';
import { metricsOf } from './reports.ts';

type Data = NonNullable<TrainingJobStatus['data']>;

/** What a stage gave when it succeeded. */
export interface Gain {
  result?: Record<string, unknown> | undefined;
  data?: Data;
  job: TrainingJob;
  now: Date;
}

/** The life after a stage has succeeded; after the last one the run has. */
export function stageSucceeded(life: Life, stage: StageStatus, gain: Gain): Life {
  const { name, job, attempt, startedAt } = stage;
  const done: StageStatus = {
    name,
    state: 'Succeeded',
    ...(job === undefined ? {} : { job }),
    ...(attempt === undefined ? {} : { attempt }),
    ...(startedAt === undefined ? {} : { startedAt }),
    finishedAt: timestamp(gain.now),
    ...(gain.result === undefined ? {} : { result: gain.result }),
  };
  const next = withMeasured(withData(withStage(life, done), gain.data), stage, gain);
  return hasSucceeded(next) ? endRun(next, gain.job, { outcome: 'Succeeded', now: gain.now }) : next;
}

/** What was fetched is told as soon as it is known, also by a try that failed later. */
export const withData = (life: Life, data: Data | undefined): Life =>
  data === undefined || data.length === 0 ? life : { ...life, data };

/** What a stage measured, at its own place in status; where nothing is evaluated, what the program says itself. */
export function withMeasured(
  life: Life,
  { name }: Pick<StageStatus, 'name'>,
  { result, job }: Pick<Gain, 'result' | 'job'>,
): Life {
  if (name === 'compress') return result === undefined ? life : { ...life, compression: result };
  const metrics = metricsOf(result);
  if (name === 'evaluate') {
    return metrics === undefined ? life : { ...life, evaluation: { metrics, ...countOf(result), ...sourceOf(result) } };
  }
  if (name !== 'train' || wantedStages(job.spec).includes('evaluate')) return life;
  const own = metrics ?? life.metrics?.latest;
  return own === undefined ? life : { ...life, evaluation: { metrics: own, source: 'Reported' } };
}

function countOf(result: Record<string, unknown> | undefined): { rows?: number } {
  const rows = result?.['rows'];
  return typeof rows === 'number' && Number.isInteger(rows) && rows >= 0 && rows < 2 ** 31 ? { rows } : {};
}

function sourceOf(result: Record<string, unknown> | undefined): { source?: string } {
  const source = result?.['dataset'] ?? result?.['source'];
  return typeof source === 'string' && source !== '' ? { source: source.slice(0, 253) } : {};
}
