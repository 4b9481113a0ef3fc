import type { Model } from '../../../crds/schema/model.ts';
import { decideGoal } from '../../decide/model/goal.ts';
import { decideOutcome } from '../../decide/model/outcome.ts';
import { decideStep, relevantCandidate } from '../../decide/model/step.ts';
import { getModel, keyOf, type ModelDeps, type Next } from './deps.ts';
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
  return reconcileLiving(model, deps);
}

async function reconcileLiving(model: Model, deps: ModelDeps): Promise<Next> {
  const { cluster, settings, line } = deps;
  if (model.status?.candidate?.phase === 'Verifying') line.hold(keyOf(model.metadata));
  const now = deps.now();
  const runtimeImage = settings.runtimeImage;
  const goal = decideGoal(model, runtimeImage, now);
  const candidate = relevantCandidate(model, goal);
  const progress = await observeProgress(model, candidate, deps);
  const step = decideStep({ model, goal, candidate, progress, runtimeImage, now });
  const start = step.kind === 'start' ? await startVerification({ model, goal, candidate }, deps) : undefined;
  if (start?.kind === 'namespaceEnding') return {};
  const usedBy = deps.servicesOf(model.metadata);
  const outcome = decideOutcome({ model, goal, candidate, step, start, usedBy, runtimeImage, now });
  await cluster.reportStatus(model, outcome.status);
  for (const event of outcome.events) await cluster.emit(model, event);
  if (!needsPlace(outcome.status.candidate?.phase)) line.leave(keyOf(model.metadata));
  const lookAgain = await tidy(cluster, model, outcome.status);
  return soonest(outcome.requeueAfterMs, lookAgain);
}

const needsPlace = (phase: string | undefined): boolean => phase === 'Pending' || phase === 'Verifying';

function soonest(...waits: readonly (number | undefined)[]): Next {
  const known = waits.filter((wait) => wait !== undefined);
  return known.length === 0 ? {} : { requeueAfterMs: Math.min(...known) };
}
