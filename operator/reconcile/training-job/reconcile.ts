import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import { decideEvents } from '../../decide/training-job/events.ts';
import { lifeOf, type Life } from '../../decide/training-job/life.ts';
import { openRun } from '../../decide/training-job/open-run.ts';
import type { Situation } from '../../decide/training-job/situation.ts';
import { specProblem } from '../../decide/training-job/spec-problem.ts';
import { decideStatus, nextTime } from '../../decide/training-job/status.ts';
import type { Next } from '../../loop/controller.ts';
import { lookAgain } from '../wake-up.ts';
import { advance, type Position } from './advance.ts';
import { getTrainingJob, keyOf, type TrainingDeps } from './deps.ts';
import { livePods } from './observe.ts';
import { applyPublishedModel } from './published-model.ts';
import { report } from './report.ts';
import { tidy } from './tidy.ts';

/** A timer cannot be set further ahead than 24 days; a look a day costs nothing. */
const LONGEST_MS = 24 * 3_600_000;

/** One pass over a TrainingJob: observe, decide, apply, report. What it owns goes with it, so its deletion needs no work. */
export async function reconcileTrainingJob(
  ref: { namespace: string; name: string },
  deps: TrainingDeps,
): Promise<Next> {
  const job = getTrainingJob(deps.cluster, ref);
  if (job === undefined || job.metadata.deletionTimestamp !== undefined) {
    deps.pace.forget(keyOf(ref));
    return {};
  }
  return reconcileLiving(job, deps);
}

async function reconcileLiving(job: TrainingJob, deps: TrainingDeps): Promise<Next> {
  const invalid = specProblem(job, deps.settings);
  const position = invalid === undefined ? await goOn(job, deps) : { life: lifeOf(job), isSettled: true };
  if (position.isNamespaceEnding === true) return {};
  const situation = await decideSituation(job, { position, invalid }, deps);
  const status = decideStatus(situation);
  const waitMs = await report(job, status, deps);
  if (waitMs === 0) for (const event of decideEvents(job.status, status)) await deps.cluster.emit(job, event);
  if (invalid === undefined) await tidy(deps.cluster, job, position.life);
  return lookAgain(position.againInMs, situation.modelProblem?.againInMs, waitMs || undefined, untilNextRun(situation));
}

async function goOn(job: TrainingJob, deps: TrainingDeps): Promise<Position> {
  const life: Life = openRun(lifeOf(job), job, deps.now());
  return advance(life, job, deps);
}

async function decideSituation(
  job: TrainingJob,
  { position, invalid }: { position: Position; invalid: string | undefined },
  deps: TrainingDeps,
): Promise<Situation> {
  const { life, problem, hanging, pods } = position;
  const now = deps.now();
  return {
    job,
    life,
    invalid,
    problem,
    hanging,
    pods,
    now,
    modelProblem: invalid === undefined ? await applyPublishedModel(job, life, deps) : undefined,
    isLeaving: job.spec.suspend && livePods(deps.cluster, job, now).length > 0,
    voice: deps.voices.of(keyOf(job.metadata)),
  };
}

function untilNextRun(situation: Situation): number | undefined {
  const due = nextTime(situation);
  return due === undefined ? undefined : Math.min(LONGEST_MS, Math.max(1000, due.getTime() - situation.now.getTime()));
}
