import { ServiceReason } from '../../../crds/schema/reasons.ts';
import type { ChildCondition, Pod } from '../../build/inference-service/children.ts';
import { remedyForMissing, schedulerWords } from '../words.ts';
import { afterGrace, type Problem } from './facts.ts';
import { conditionOf } from './pods.ts';

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
    message: claimUnbound(message) ?? deviceClassMissing(message) ?? capacity ?? noNode(message),
    ...afterGrace(sinceMs, CAPACITY_GRACE_MS),
  };
}

/** Whether only the nodes can tell why the pod does not run. */
export const needsCapacity = (pod: Pod): boolean => schedulerRefusal(pod) !== undefined;

/** Whether the pod waits for something that other pods hold. */
export const lacksRoom = (pod: Pod): boolean =>
  /Insufficient|cannot allocate all claims/.test(schedulerRefusal(pod)?.message ?? '');

function schedulerRefusal({ status }: Pod): ChildCondition | undefined {
  const scheduled = conditionOf(status?.conditions, 'PodScheduled');
  return scheduled?.status === 'False' && scheduled.reason === 'Unschedulable' ? scheduled : undefined;
}

const CHECK_CLAIM = ' Check the claim with "kubectl describe pvc", its storage class, and whether the class has room.';

function claimUnbound(message: string): string | undefined {
  if (!/persistentvolumeclaim/i.test(message)) return undefined;
  return `A volume claim of the pods is not bound: ${schedulerWords(message)}${remedyForMissing(message) || CHECK_CLAIM}`;
}

function deviceClassMissing(message: string): string | undefined {
  const [, name] = /device class (\S+) does not exist/.exec(message) ?? [];
  return name === undefined
    ? undefined
    : `DeviceClass "${name}" does not exist in this cluster; correct spec.accelerator.deviceClass, or install the driver that offers it.`;
}

const noNode = (message: string): string =>
  `No node can take the pods: ${schedulerWords(message)} Free capacity, change spec.resources or spec.placement, or add a node.`;
