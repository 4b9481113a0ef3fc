import type { Model } from '../../../crds/schema/model.ts';
import { followSource, type Followed } from '../../decide/model/follow.ts';
import { decideGoal } from '../../decide/model/goal.ts';
import { decideOutcome, type Outcome } from '../../decide/model/outcome.ts';
import type { Start } from '../../decide/model/start.ts';
import { decideStep, relevantCandidate, type Step } from '../../decide/model/step.ts';
import { waitingOutcome } from '../../decide/model/waiting-outcome.ts';
import type { Cluster } from '../../kube/cluster.ts';
import type { Next } from '../../loop/controller.ts';
import { lookAgain } from '../wake-up.ts';
import { getModel, getTrainingJob, keyOf, type ModelDeps } from './deps.ts';
import { hasGoldenChanged } from './golden.ts';
import type { VerificationLine } from './line.ts';
import { observeProgress } from './observe.ts';
import { startVerification } from './start.ts';
import { tidy } from './tidy.ts';

/** One pass over a Model: observe, decide, apply, report. What a Model owns goes with it, so its deletion needs no work. */
export async function reconcileModel(ref: { namespace: string; name: string }, deps: ModelDeps): Promise<Next> {
  const model = getModel(deps.cluster, ref);
  if (model === undefined || model.metadata.deletionTimestamp !== undefined) {
    deps.line.leave(keyOf(ref));
    return {};
  }
  const followed = followSource(model, { job: getTrainingJob(deps.cluster, model), now: deps.now() });
  return followed.kind === 'waiting' ? reportWaiting(model, followed, deps) : reconcileLiving(followed, deps);
}

/** Nothing can be fetched yet, so there is nothing to start, and a verification of what was wanted before is over. */
async function reportWaiting(model: Model, followed: Followed & { kind: 'waiting' }, deps: ModelDeps): Promise<Next> {
  const usedBy = deps.servicesOf(model.metadata);
  const outcome = waitingOutcome(model, followed, { usedBy, now: deps.now() });
  await report(model, outcome, deps.cluster);
  deps.line.leave(keyOf(model.metadata));
  return lookAgain(outcome.requeueAfterMs, await tidy(deps.cluster, model, outcome.status));
}

async function report(model: Model, outcome: Outcome, cluster: Cluster): Promise<void> {
  await cluster.reportStatus(model, outcome.status);
  for (const event of outcome.events) await cluster.emit(model, event);
}

async function reconcileLiving({ model, lineage }: Followed & { kind: 'known' }, deps: ModelDeps): Promise<Next> {
  const { cluster, settings, line } = deps;
  const now = deps.now();
  const runtimeImage = settings.runtimeImage;
  const goal = decideGoal(model, runtimeImage, now);
  const candidate = relevantCandidate(model, goal);
  const progress = await observeProgress(model, candidate, deps);
  const goldenChanged = await hasGoldenChanged(model, candidate, cluster);
  const step = decideStep({ model, goal, candidate, progress, hasGoldenChanged: goldenChanged, runtimeImage, now });
  const start = step.kind === 'start' ? await startVerification({ model, goal, candidate }, deps) : undefined;
  if (start?.kind === 'namespaceEnding') return {};
  const usedBy = deps.servicesOf(model.metadata);
  const outcome = decideOutcome({ model, lineage, goal, candidate, step, start, usedBy, runtimeImage, now });
  await report(model, outcome, cluster);
  keepPlace({ line, key: keyOf(model.metadata), phase: outcome.status.candidate?.phase }, step, start);
  const tidyAgainMs = await tidy(cluster, model, outcome.status);
  return lookAgain(outcome.requeueAfterMs, tidyAgainMs);
}

function keepPlace(
  { line, key, phase }: { line: VerificationLine; key: string; phase: string | undefined },
  step: Step,
  start: Start | undefined,
): void {
  if (phase === 'Verifying' && step.kind === 'watch' && step.waiting !== undefined) line.park(key);
  else if (phase === 'Verifying') line.hold(key);
  else if (start?.kind !== 'queued') line.leave(key);
}
