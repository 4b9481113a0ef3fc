import type { StageName } from '../../../crds/schema/training/status.ts';
import type { Child } from '../../build/child.ts';
import type { ChildCondition, ContainerStatus, Pod, Terminated } from '../../build/pod.ts';
import { Label } from '../../build/labels.ts';

export type { ContainerStatus, Pod, Terminated };

/** The parts of a Job that decide about a stage. */
export type Job = Child & {
  spec?: {
    suspend?: boolean;
    completions?: number;
    backoffLimitPerIndex?: number;
    maxFailedIndexes?: number;
    template?: { metadata?: { labels?: Record<string, string> }; spec?: object };
  };
  status?: { startTime?: string; conditions?: readonly ChildCondition[] };
};

/** Finds a condition that is True. */
export const trueCondition = (
  conditions: readonly ChildCondition[] | undefined,
  type: string,
): ChildCondition | undefined =>
  conditions?.find((condition) => condition.type === type && condition.status === 'True');

/** How the Job ended, if it has. */
export const jobEnd = ({ status }: Job): ChildCondition | undefined =>
  trueCondition(status?.conditions, 'Complete') ?? trueCondition(status?.conditions, 'Failed');

/** Whether the Job has failed, or is about to say so: it only waits for its other pods to end. */
export const jobFailure = ({ status }: Job): ChildCondition | undefined =>
  trueCondition(status?.conditions, 'Failed') ?? trueCondition(status?.conditions, 'FailureTarget');

/** Whether something holds the Job back: a queue, which takes its pods away again when it likes. */
export const isHeld = ({ spec, status }: Job): boolean =>
  spec?.suspend === true || trueCondition(status?.conditions, 'Suspended') !== undefined;

/** All containers of a pod, in the order in which they run. */
export const containersOf = ({ status }: Pod): readonly ContainerStatus[] => [
  ...(status?.initContainerStatuses ?? []),
  ...(status?.containerStatuses ?? []),
];

/** Whether the pod's own containers run: those that go before them are through. */
export const isRunning = ({ metadata, status }: Pod): boolean =>
  status?.phase === 'Running' && metadata.deletionTimestamp === undefined;

/** Whether the pod does its work now. The downloads of `prepare` are work; helpers beside a training are not. */
export const isUnderWay = (pod: Pod, stage: StageName): boolean =>
  isRunning(pod) ||
  hasEnded(pod) ||
  (stage !== 'train' && containersOf(pod).some(({ state }) => state?.running !== undefined));

/** Whether the pod has come so far as to work. */
export const hasStarted = (pod: Pod, stage: StageName): boolean =>
  isUnderWay(pod, stage) ||
  (stage !== 'train' && containersOf(pod).some(({ state }) => state?.terminated !== undefined));

/** Whether every container of the pod has ended for good. */
export const hasEnded = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

/** When the try ended: as its Job says, else as its pods do; not before it was made. */
export function endedAt(job: Job, pods: readonly Pod[], now: Date): Date {
  const ends = pods.flatMap((pod) => containersOf(pod).flatMap(({ state }) => state?.terminated?.finishedAt ?? []));
  return new Date(jobEnd(job)?.lastTransitionTime ?? ends.toSorted().at(-1) ?? job.metadata.creationTimestamp ?? now);
}

/** A pod that is going is gone at this time, unless its node does not answer. */
const OVERDUE_MS = 60_000;

/** When the pod, which is being deleted, should have been gone for a while; undefined when it is not being deleted. */
export const overdueAt = ({ metadata }: Pod): Date | undefined =>
  metadata.deletionTimestamp === undefined
    ? undefined
    : new Date(new Date(metadata.deletionTimestamp).getTime() + OVERDUE_MS);

/** Whether the pod should have been gone for a while: its node does not answer any more. */
export function isOverdue(pod: Pod, now: Date): boolean {
  const at = overdueAt(pod);
  return at !== undefined && at <= now;
}

/** The number of the worker that the pod is; undefined when its Job is not indexed. */
const indexOf = ({ metadata }: Pod): string | undefined =>
  metadata.labels?.['batch.kubernetes.io/job-completion-index'];

/** What people call the pod: `worker 2`, or its name. */
export const workerName = (pod: Pod, isAlone: boolean): string => {
  const index = indexOf(pod);
  return index === undefined || isAlone ? `pod ${pod.metadata.name}` : `worker ${index}`;
};

/** The stage, run and try that a Job or a pod is for, by its labels. */
export const partOf = ({ metadata: { labels = {} } }: Pick<Child, 'metadata'>) => ({
  run: Number(labels[Label.run]),
  stage: labels[Label.stage] ?? '',
  attempt: Number(labels[Label.attempt]),
  trial: labels[Label.trial],
});
