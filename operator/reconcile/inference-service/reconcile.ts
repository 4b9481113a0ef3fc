import type { InferenceService } from '../../../crds/schema/inference-service.ts';
import { decideEvent } from '../../decide/inference-service/events.ts';
import type { ServiceFacts } from '../../decide/inference-service/facts.ts';
import { isReady } from '../../decide/inference-service/pods.ts';
import { decideProblem } from '../../decide/inference-service/problem.ts';
import { isNamespaceEnding } from '../../decide/inference-service/refusal.ts';
import { decideStatus } from '../../decide/inference-service/status.ts';
import { decideWanted } from '../../decide/inference-service/wanted.ts';
import type { Next } from '../../loop/controller.ts';
import { lookAgain } from '../wake-up.ts';
import { applyChildren } from './apply.ts';
import { getService, keyOf, type ServiceDeps } from './deps.ts';
import { findOut, SLOW_POD_MS } from './findings.ts';
import { observeService } from './observe.ts';
import { tidy } from './tidy.ts';

/** One pass over an InferenceService. What it owns goes with it, so its deletion needs no work. */
export async function reconcileInferenceService(
  ref: { namespace: string; name: string },
  deps: ServiceDeps,
): Promise<Next> {
  const service = getService(deps.cluster, ref);
  if (service === undefined || service.metadata.deletionTimestamp !== undefined) return {};
  return reconcileLiving(service, deps);
}

async function reconcileLiving(service: InferenceService, deps: ServiceDeps): Promise<Next> {
  const facts = observeService(service, deps);
  const wanted = decideWanted(facts, deps.settings);
  const obstacle = await applyChildren(facts, wanted, deps);
  if (isNamespaceEnding(obstacle)) return {};
  const findings = await findOut(facts, wanted, deps);
  const problem = decideProblem(facts, wanted, { ...findings, obstacle });
  const fresh = deps.voices.figures(keyOf(service.metadata));
  const { status, againInMs } = decideStatus({ facts, wanted, problem }, fresh);
  await deps.cluster.reportStatus(service, status);
  const event = decideEvent(service.status, status);
  if (event !== undefined) await deps.cluster.emit(service, event);
  await tidy(facts, wanted, deps);
  return lookAgain(againInMs, startCheckMs(facts));
}

/** A pod that cannot start may say nothing more through the watch, so it is looked at again. */
const startCheckMs = ({ pods }: ServiceFacts): number | undefined =>
  pods.every(isReady) ? undefined : SLOW_POD_MS + 1000;
