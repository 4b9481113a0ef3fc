import { explainPodRefusal } from '../pod-refusal.ts';
import { asSentence, remedyForMissing, schedulerWords } from '../words.ts';
import { containersOf, hasStarted, type ContainerStatus, type ObservedPod } from './observed.ts';

const PULL_REASONS: readonly string[] = ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull'];
const CONFIG_REASONS: readonly string[] = ['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError'];

/** What a verification waits for, as a sentence; undefined while it runs. The words stay the same while the cause does. */
export function explainWaiting({
  pod,
  warnings,
}: {
  pod: ObservedPod | undefined;
  warnings: readonly string[];
}): string | undefined {
  const [warning] = warnings;
  if (pod === undefined) {
    return warning === undefined ? undefined : explainPodRefusal(warning, 'spec.verification.resources').message;
  }
  if (warning === undefined || hasStarted(pod)) return unschedulable(pod) ?? containersWaiting(pod);
  return unschedulable(pod) ?? containersWaiting(pod) ?? `${asSentence(warning)}${remedyForMissing(warning)}`;
}

function unschedulable(pod: ObservedPod): string | undefined {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status !== 'False') return undefined;
  const remedy = remedyForMissing(scheduled.message ?? '') || ' Free capacity, or lower spec.verification.resources.';
  return `no node can take the verification pod: ${schedulerWords(scheduled.message)}${remedy}`;
}

function containersWaiting(pod: ObservedPod): string | undefined {
  const stuck = containersOf(pod).find((status) => isStuck(status));
  if (stuck === undefined) return undefined;
  const { reason = '', message = '' } = stuck.state?.waiting ?? {};
  // The kubelet's own words alternate between two reasons while it backs off.
  return PULL_REASONS.includes(reason)
    ? `the image ${stuck.image ?? 'of the runtime'} cannot be pulled. Check the operator's runtimeImage and imagePullSecrets.`
    : `the container "${stuck.name}" cannot start: ${message}`;
}

const isStuck = ({ state }: ContainerStatus): boolean =>
  [...PULL_REASONS, ...CONFIG_REASONS].includes(state?.waiting?.reason ?? '');
