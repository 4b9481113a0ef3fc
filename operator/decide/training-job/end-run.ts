import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { Artifact, EndedRun } from '../../../crds/schema/training/status.ts';
import { timestamp } from '../times.ts';
import type { Life } from './life.ts';
import { isPromoted } from './promotion.ts';
import { publishedBy } from './published.ts';

const DEFAULT_HISTORY = 10;
const LONGEST_HISTORY = 20;

interface End {
  outcome: EndedRun['outcome'];
  reason?: string | undefined;
  now: Date;
}

/** Ends the run and puts it on top of the history; one that was taken up again has one entry. A success may become the artifact. */
export function endRun(life: Life, job: TrainingJob, { outcome, reason, now }: End): Life {
  const { run, evaluation } = life;
  if (run === undefined) return life;
  const artifact = outcome === 'Succeeded' ? publishedBy(life) : undefined;
  const promoted = artifact === undefined ? undefined : isPromoted(artifact, life, job.spec);
  const entry: EndedRun = {
    number: run.number,
    startedAt: run.startedAt,
    finishedAt: timestamp(now),
    outcome,
    ...(reason === undefined ? {} : { reason }),
    ...(evaluation === undefined ? {} : { metrics: evaluation.metrics }),
    ...(artifact === undefined ? {} : { digest: artifact.digest, uri: artifact.uri }),
    ...(promoted === undefined ? {} : { promoted }),
  };
  return {
    ...life,
    run: { ...run, finishedAt: timestamp(now) },
    runs: onTop(entry, life, job),
    ...(artifact !== undefined && promoted === true ? { artifact: at(artifact, now) } : {}),
  };
}

const at = (artifact: Artifact, now: Date): Artifact => ({ ...artifact, publishedAt: timestamp(now) });

const onTop = (entry: EndedRun, { runs }: Life, { spec }: TrainingJob): EndedRun[] =>
  [entry, ...runs.filter(({ number }) => number !== entry.number)].slice(
    0,
    Math.min(LONGEST_HISTORY, spec.schedule?.historyLimit ?? DEFAULT_HISTORY),
  );
