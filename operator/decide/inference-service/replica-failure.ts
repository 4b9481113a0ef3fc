import { ServiceReason } from '../../../crds/schema/reasons.ts';
import type { Deployment } from '../../build/inference-service/children.ts';
import { explainPodRefusal, type Refuser } from '../pod-refusal.ts';
import type { Problem } from '../problem.ts';
import { conditionOf } from './pods.ts';

const REASONS: Readonly<Record<Refuser, ServiceReason>> = {
  quota: ServiceReason.QuotaExceeded,
  spec: ServiceReason.InvalidSpec,
  policy: ServiceReason.Forbidden,
};

/** Why Kubernetes may not make the pods. */
export function replicaFailure(deployment: Deployment | undefined): Problem | undefined {
  const failure = conditionOf(deployment?.status?.conditions, 'ReplicaFailure');
  if (failure?.status !== 'True') return undefined;
  const { refuser, message } = explainPodRefusal(failure.message ?? '', 'spec.resources');
  return { reason: REASONS[refuser], message, stalled: true };
}
