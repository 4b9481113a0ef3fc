import { ServiceReason } from '../../../crds/schema/reasons.ts';
import type { Deployment } from '../../build/inference-service/children.ts';
import type { Problem } from './facts.ts';
import { asSentence } from '../words.ts';
import { conditionOf } from './pods.ts';

interface Cause {
  pattern: RegExp;
  reason: ServiceReason;
  what: string;
  remedy: string;
}

/** What is known to refuse pods; the first that fits counts. */
const causes: readonly Cause[] = [
  {
    pattern: /exceeded quota/,
    reason: ServiceReason.QuotaExceeded,
    what: 'A quota of the namespace does not allow the pods',
    remedy: 'Free some of the quota, have it raised, or lower spec.resources.',
  },
  {
    pattern: /failed quota.*must specify/,
    reason: ServiceReason.InvalidSpec,
    what: 'A quota of the namespace asks pods to say more',
    remedy: 'Give what it names in spec.resources.',
  },
  {
    pattern: /no PriorityClass with name/,
    reason: ServiceReason.InvalidSpec,
    what: 'The pods may not be made',
    remedy: 'Correct spec.placement.priorityClassName, or have the class made.',
  },
  {
    pattern: /(maximum|minimum) \S+ usage per/,
    reason: ServiceReason.Forbidden,
    what: 'A LimitRange of the namespace does not allow the pods',
    remedy: 'Change spec.resources, or have the range changed.',
  },
  {
    pattern: /^/,
    reason: ServiceReason.Forbidden,
    what: 'The pods may not be made',
    remedy: 'Change what the policy objects to, or have it changed.',
  },
];

/** Why Kubernetes may not make the pods: a quota, a policy, or a class that is not there. */
export function replicaFailure(deployment: Deployment | undefined): Problem | undefined {
  const failure = conditionOf(deployment?.status?.conditions, 'ReplicaFailure');
  if (failure?.status !== 'True') return undefined;
  const why = asSentence(withoutPodName(failure.message ?? ''));
  const cause = causes.find(({ pattern }) => pattern.test(why));
  return cause && { reason: cause.reason, message: `${cause.what}: ${why} ${cause.remedy}`, stalled: true };
}

/** Each try has another pod name, and would make another message. */
const withoutPodName = (message: string): string => message.replace(/^pods "[^"]*" is forbidden: /, '');
