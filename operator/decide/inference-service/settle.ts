import type { InferenceServiceStatus } from '../../../crds/schema/inference-service.ts';
import { ConditionType, ServiceReason, UNREPORTED } from '../../../crds/schema/reasons.ts';
import { canonicalJson } from '../../build/naming.ts';
import { findCondition } from '../conditions.ts';
import type { ServiceFacts } from './facts.ts';

/** For so long the first report may wait for something worth telling. */
const FIRST_REPORT_MS = 2_000;

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

/**
 * How long the first report may still wait; undefined when it may not. A new service whose pods just start is reported on
 * when they answer, if that is within seconds, in one write instead of two. A person who looks meanwhile is not kept waiting.
 */
export function firstReportMs(
  { service, deployment, now }: ServiceFacts,
  decided: InferenceServiceStatus,
): number | undefined {
  const before = findCondition(service.status?.conditions, ConditionType.Ready);
  const after = findCondition(decided.conditions, ConditionType.Ready);
  const isNews = decided.waitingFor !== undefined || after?.reason !== ServiceReason.Starting;
  if (before?.reason !== UNREPORTED || isNews) return undefined;
  const startedAt = new Date(deployment?.metadata.creationTimestamp ?? now);
  const leftMs = FIRST_REPORT_MS - (now.getTime() - startedAt.getTime());
  return leftMs > 0 ? leftMs : undefined;
}

function withoutCounts(status: InferenceServiceStatus): object {
  const { replicas: _replicas, readyReplicas: _ready, revisions, ...rest } = status;
  return { ...rest, revisions: (revisions ?? []).map(({ percent: _percent, ...revision }) => revision) };
}
