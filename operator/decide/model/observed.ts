/** The parts of a Job that decide about a verification. */
export interface ObservedJob {
  metadata: { name: string; creationTimestamp?: string; deletionTimestamp?: string };
  spec?: { template?: { spec?: { containers?: readonly { image?: string }[] } } };
  status?: { conditions?: readonly ObservedCondition[] };
}

/** The parts of a Pod that decide about a verification. */
export interface ObservedPod {
  metadata: { name: string; creationTimestamp?: string; deletionTimestamp?: string };
  spec?: { containers?: readonly { image?: string }[] };
  status?: {
    phase?: string;
    reason?: string;
    message?: string;
    conditions?: readonly ObservedCondition[];
    initContainerStatuses?: readonly ContainerStatus[];
    containerStatuses?: readonly ContainerStatus[];
  };
}

/** A condition of a Job or a Pod. */
export interface ObservedCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

/** How a container is, as the kubelet says. */
export interface ContainerStatus {
  name: string;
  image?: string;
  state?: {
    waiting?: { reason?: string; message?: string };
    running?: object;
    terminated?: Terminated;
  };
}

/** How a container ended. */
export interface Terminated {
  exitCode?: number;
  signal?: number;
  reason?: string;
  message?: string;
  finishedAt?: string;
}

/** When a pod was made; '' when unknown. */
export const createdAt = (pod: ObservedPod): string => pod.metadata.creationTimestamp ?? '';

/** Finds a condition that is True. */
export const trueCondition = (
  conditions: readonly ObservedCondition[] | undefined,
  type: string,
): ObservedCondition | undefined =>
  conditions?.find((condition) => condition.type === type && condition.status === 'True');

/** All containers of a pod, in the order in which they run. */
export const containersOf = ({ status }: Pick<ObservedPod, 'status'>): readonly ContainerStatus[] => [
  ...(status?.initContainerStatuses ?? []),
  ...(status?.containerStatuses ?? []),
];

/** Whether a container of the pod runs or has ended: from then on it speaks for itself. */
export const hasStarted = (pod: ObservedPod): boolean =>
  containersOf(pod).some(({ state }) => state?.running !== undefined || state?.terminated !== undefined);

/** How the Job ended, if it has. */
export const jobEnd = (job: ObservedJob): ObservedCondition | undefined =>
  trueCondition(job.status?.conditions, 'Complete') ?? trueCondition(job.status?.conditions, 'Failed');
