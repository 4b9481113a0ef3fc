import { ServiceReason } from '../../../crds/schema/reasons.ts';
import type { Pod } from '../../build/pod.ts';
import { claimUnbound, deviceClassMissing, schedulerRefusal } from '../pod-obstacles.ts';
import { schedulerWords } from '../words.ts';
import { afterGrace, type Problem } from '../problem.ts';

/** Nodes come and accelerators are freed without a person where a cluster scales itself; after this time it does not look so. */
const CAPACITY_GRACE_MS = 600_000;

/** Why no node takes the pod; `capacity` is what the nodes themselves tell, when they were looked at. */
export function schedulingProblem(pod: Pod, now: Date, capacity: string | undefined): Problem | undefined {
  const refusal = schedulerRefusal(pod);
  if (refusal === undefined) return undefined;
  const { message = '', lastTransitionTime } = refusal;
  const sinceMs = now.getTime() - new Date(lastTransitionTime ?? now).getTime();
  return {
    reason: ServiceReason.Unschedulable,
    message: unboundClaim(message) ?? deviceClassMissing(message, 'spec.accelerator') ?? capacity ?? noNode(message),
    ...afterGrace(sinceMs, CAPACITY_GRACE_MS),
  };
}

/** Whether only the nodes can tell why the pod does not run. */
export const needsCapacity = (pod: Pod): boolean => schedulerRefusal(pod) !== undefined;

/** Whether the pod waits for something that other pods hold. */
export const lacksRoom = (pod: Pod): boolean =>
  /Insufficient|cannot allocate all claims/.test(schedulerRefusal(pod)?.message ?? '');

function unboundClaim(message: string): string | undefined {
  const words = claimUnbound(message, 'Model');
  return words === undefined ? undefined : `A volume claim of the pods is not bound: ${words}`;
}

const noNode = (message: string): string =>
  `No node can take the pods: ${schedulerWords(message)} Free capacity, change spec.resources or spec.placement, or add a node.`;
