import type { Pod } from '../../build/inference-service/children.ts';
import { surgeOf } from '../../build/inference-service/names.ts';
import { explainCapacity, type Capacity } from '../capacity.ts';
import { waitsForItself } from './waits-for-itself.ts';
import type { ServiceFacts } from './facts.ts';
import type { Problem } from '../problem.ts';
import { modelProblem } from './model-problem.ts';
import { podProblem } from './pod-problems.ts';
import { revisionOf } from './pods.ts';
import { obstacleProblem, type Obstacle } from './refusal.ts';
import { isSuspended } from './replicas.ts';
import { replicaFailure } from './replica-failure.ts';
import { lacksRoom } from './scheduling.ts';
import type { Wanted } from './wanted.ts';

/** What was found out beyond the watched objects. */
export interface Findings {
  /** Our own write that did not get through. */
  obstacle?: Obstacle | undefined;
  /** Nodes and their load, when pods wait for a node. */
  capacity?: Capacity | undefined;
  /** What pods say of their golden request, by uid. */
  readiness?: ReadonlyMap<string, string> | undefined;
  /** The last warning event of pods, by uid. */
  warnings?: ReadonlyMap<string, string> | undefined;
}

/** A problem, and whether it may be that of a few pods only. */
export type ServiceProblem = Problem & { isOfPod?: boolean };

/** Why the service is not as it should be: the first cause, not its consequences. */
export function decideProblem(facts: ServiceFacts, wanted: Wanted, findings: Findings): ServiceProblem | undefined {
  if (findings.obstacle !== undefined) return obstacleProblem(findings.obstacle, facts.service);
  if (isSuspended(facts.service)) return undefined;
  return modelProblem(facts) ?? replicaFailure(facts.deployment) ?? firstPodProblem(facts, wanted, findings);
}

function firstPodProblem(facts: ServiceFacts, wanted: Wanted, findings: Findings): ServiceProblem | undefined {
  for (const pod of wantedPodsByName(facts, wanted)) {
    const uid = pod.metadata.uid ?? '';
    const problem = podProblem({
      pod,
      now: facts.now,
      capacity: findings.capacity === undefined ? undefined : explainCapacity(pod, findings.capacity),
      readiness: findings.readiness?.get(uid),
      warning: findings.warnings?.get(uid),
    });
    if (problem === undefined) continue;
    const message = `${problem.message}${waysOutOfRollout({ facts, wanted, findings }, pod)}`;
    return { ...problem, message, isOfPod: true };
  }
  return undefined;
}

/** A rollout needs room for one pod more. Where the older pods hold all there is, it would wait for ever. */
function waysOutOfRollout(
  { facts, wanted, findings }: { facts: ServiceFacts; wanted: Wanted; findings: Findings },
  pod: Pod,
): string {
  const hasOlder = facts.pods.some((other) => revisionOf(other) !== wanted.revision?.metadata.name);
  if (!hasOlder || surgeOf(facts.service) === 0 || !lacksRoom(pod)) return '';
  const { capacity } = findings;
  // Who holds devices of a device class, only the scheduler knows.
  const isOwnFault = capacity === undefined || claimsDevices(pod) || waitsForItself(pod, capacity);
  return isOwnFault
    ? ' The pods of the running revision hold the room that their successors need: with spec.rollout.surge: 0 they go first.'
    : '';
}

const claimsDevices = ({ spec }: Pod): boolean => (spec?.resourceClaims ?? []).length > 0;

/** In a fixed order, so that the same pods always give the same words. */
export const wantedPodsByName = ({ pods }: ServiceFacts, { revision }: Wanted): Pod[] =>
  pods
    .filter((pod) => revisionOf(pod) === revision?.metadata.name)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
