import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import { STAGES, type StageName, type StageStatus } from '../../../crds/schema/training/status.ts';
import { workspaceName } from '../../build/training-job/names.ts';
import { needsWorkspace, wantedStages } from '../../build/training-job/stages.ts';
import { timestamp } from '../times.ts';
import { endRun } from './end-run.ts';
import { decideChange, fingerprintOf } from './fingerprint.ts';
import { hasSucceeded, isFinished, withoutRun, type Life, type Run } from './life.ts';
import { dueRun } from './schedule.ts';

type Trigger = 'Created' | 'SpecChanged' | 'RunAgain' | 'Schedule';

/** Which run there should be: the same, the same from an earlier stage on, or a new one. */
export function openRun(life: Life, job: TrainingJob, now: Date): Life {
  const { run } = life;
  if (run === undefined) return job.spec.suspend ? life : newRun(life, job, { trigger: 'Created', now });
  const fingerprint = fingerprintOf(job);
  const change = decideChange(run.specHash, fingerprint);
  if (change.kind === 'newRun') return newRun(life, job, { trigger: change.trigger, now });
  const due = job.spec.suspend ? undefined : dueRun(job.spec.schedule, life, now);
  if (due !== undefined) return newRun(life, job, { trigger: 'Schedule', now, scheduledFor: due });
  const seen = { ...life, run: { ...run, specHash: fingerprint } };
  switch (change.kind) {
    case 'none':
      return run.specHash === fingerprint ? life : seen;
    case 'means':
      return tryAgain(seen);
    case 'reopen':
      return reopen(seen, job, { from: change.from, now });
  }
}

interface Start {
  trigger: Trigger;
  now: Date;
  scheduledFor?: Date;
}

function newRun(life: Life, job: TrainingJob, { trigger, now, scheduledFor }: Start): Life {
  const before = life.run === undefined || isFinished(life) ? life : endRun(life, job, { outcome: 'Replaced', now });
  const run: Run = {
    number: (life.run?.number ?? 0) + 1,
    specHash: fingerprintOf(job),
    trigger,
    ...(scheduledFor === undefined ? {} : { scheduledFor: timestamp(scheduledFor) }),
    startedAt: timestamp(now),
    ...(needsWorkspace(job.spec) ? { workspace: workspaceName(job) } : {}),
  };
  return { ...withoutRun(before), run, stages: wantedStages(job.spec).map((name) => ({ name, state: 'Waiting' })) };
}

/** A stage that failed, or waits for its next try, begins at once; what runs is left alone. */
function tryAgain(life: Life): Life {
  const stages = life.stages.map((stage): StageStatus =>
    stage.state === 'Failed' || stage.retryAt !== undefined ? waiting(stage) : stage,
  );
  return isFinished(life) && stages.some(({ state }) => state === 'Waiting')
    ? { ...goingOn(life), stages }
    : { ...life, stages };
}

/** What was trained still counts; the stages from this one on are done again, and others may be wanted now. */
function reopen(life: Life, job: TrainingJob, { from, now }: { from: StageName; now: Date }): Life {
  const before = new Map(life.stages.map((stage) => [stage.name, stage]));
  const stages = wantedStages(job.spec).map((name): StageStatus => {
    const known = before.get(name);
    if (known === undefined) return { name, state: 'Waiting' };
    return STAGES.indexOf(name) < STAGES.indexOf(from) && known.state !== 'Failed' ? known : waiting(known);
  });
  if (!hasSucceeded({ ...life, stages })) return { ...goingOn(life), stages };
  // All that is still wanted is done already.
  return isFinished(life) && hasSucceeded(life)
    ? { ...life, stages }
    : endRun({ ...life, stages }, job, { outcome: 'Succeeded', now });
}

/** The number of tries goes on, so that no Job gets a name for the second time. */
const waiting = ({ name, attempt }: StageStatus): StageStatus => ({
  name,
  state: 'Waiting',
  ...(attempt === undefined ? {} : { attempt }),
});

/** The run as if it had not ended; the restarts that it may take are counted anew. */
function goingOn(life: Life): Life {
  if (life.run === undefined) return life;
  const { finishedAt: _finishedAt, restarts: _restarts, ...run } = life.run;
  return { ...life, run };
}
