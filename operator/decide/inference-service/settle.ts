import type { InferenceServiceStatus } from '../../../crds/schema/inference-service.ts';
import { ConditionType } from '../../../crds/schema/reasons.ts';
import { canonicalJson } from '../../build/naming.ts';
import { findCondition } from '../conditions.ts';

/** While pods come and go at the beginning of a rollout, each of them would cost a write that nobody reads. */
const SETTLE_MS = 10_000;

/**
 * Keeps the old counts while work has just begun and nothing but counts would change: they are written with the next
 * change that says something, or after a while.
 */
export function settleCounts(
  previous: InferenceServiceStatus | undefined,
  decided: InferenceServiceStatus,
  now: Date,
): { status: InferenceServiceStatus; againInMs?: number } {
  const since = findCondition(decided.conditions, ConditionType.Reconciling)?.lastTransitionTime;
  if (previous === undefined || since === undefined) return { status: decided };
  const leftMs = SETTLE_MS - (now.getTime() - new Date(since).getTime());
  const isOnlyCounts =
    canonicalJson(withoutCounts(previous)) === canonicalJson(withoutCounts(decided)) &&
    canonicalJson(previous) !== canonicalJson(decided);
  return leftMs > 0 && isOnlyCounts ? { status: previous, againInMs: leftMs } : { status: decided };
}

function withoutCounts(status: InferenceServiceStatus): object {
  const { replicas: _replicas, readyReplicas: _ready, revisions, ...rest } = status;
  return { ...rest, revisions: (revisions ?? []).map(({ percent: _percent, ...revision }) => revision) };
}
