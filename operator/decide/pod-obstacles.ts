import type { ChildCondition, ContainerStatus, Pod } from '../build/pod.ts';
import { asSentence, remedyForMissing, schedulerWords } from './words.ts';

const PULL_REASONS: readonly string[] = ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull'];
const CHECK_CLAIM = ' Check the claim with "kubectl describe pvc", its storage class, and whether the class has room.';

/** The scheduler found no node for the pod. */
export const schedulerRefusal = ({ status }: Pod): ChildCondition | undefined =>
  status?.conditions?.find(
    ({ type, status: value, reason }) => type === 'PodScheduled' && value === 'False' && reason === 'Unschedulable',
  );

/** What the scheduler says of a claim that is not bound, and what to do about it; undefined when it speaks of something else. */
export const claimUnbound = (message: string, namedBy: string): string | undefined =>
  /persistentvolumeclaim/i.test(message)
    ? `${schedulerWords(message)}${remedyForMissing(message, namedBy) || CHECK_CLAIM}`
    : undefined;

/** What to do about a device class that is not there; `accelerator` is the field that names it. */
export function deviceClassMissing(message: string, accelerator: string): string | undefined {
  const [, name] = /device class (\S+) does not exist/.exec(message) ?? [];
  return name === undefined
    ? undefined
    : `DeviceClass "${name}" does not exist in this cluster; correct ${accelerator}.deviceClass, or install the driver that offers it.`;
}

/** Which image cannot be pulled, and what to do; undefined when all can. */
export function pullFailure(containers: readonly ContainerStatus[]): string | undefined {
  const container = containers.find(({ state }) => PULL_REASONS.includes(state?.waiting?.reason ?? ''));
  if (container === undefined) return undefined;
  return `Image ${container.image ?? 'of the runtime'} cannot be pulled: ${registryWords(container)} Check the image name, and the login in imagePullSecrets.`;
}

/** The kubelet alternates between the error and its back-off; both are reduced to the error. */
function registryWords({ state }: ContainerStatus): string {
  const message = state?.waiting?.message ?? '';
  const [, error] = /^Back-off pulling image "[^"]*": \w+: (.*)$/s.exec(message) ?? [];
  return asSentence(error ?? (message.startsWith('Back-off') || message === '' ? 'the registry refuses it' : message));
}
