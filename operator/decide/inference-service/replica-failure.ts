import { ServiceReason } from '../../../crds/schema/reasons.ts';
import type { Deployment } from '../../build/inference-service/children.ts';
import type { Problem } from './facts.ts';
import { asSentence } from './model-problem.ts';
import { conditionOf } from './pods.ts';

/** Why Kubernetes may not make the pods: a quota, or a policy. */
export function replicaFailure(deployment: Deployment | undefined): Problem | undefined {
  const failure = conditionOf(deployment?.status?.conditions, 'ReplicaFailure');
  if (failure?.status !== 'True') return undefined;
  const why = asSentence(withoutPodName(failure.message ?? ''));
  return why.includes('exceeded quota')
    ? {
        reason: ServiceReason.QuotaExceeded,
        message: `A quota of the namespace does not allow the pods: ${why} Free some of the quota, have it raised, or lower spec.resources.`,
        stalled: true,
      }
    : {
        reason: ServiceReason.Forbidden,
        message: `The pods may not be made: ${why} Change what the policy objects to, or have it changed.`,
        stalled: true,
      };
}

/** Each try has another pod name, and would make another message. */
const withoutPodName = (message: string): string => message.replace(/^pods "[^"]*" is forbidden: /, '');
