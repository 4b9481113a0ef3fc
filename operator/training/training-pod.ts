import type { Pod, Terminated } from '../build/inference-service/children.ts';
import { Component, Label } from '../build/labels.ts';
import type { Cluster, Query } from '../kube/cluster.ts';

/** What matters of a pod that trains. */
export interface TrainingPod {
  uid: string;
  namespace: string;
  name: string;
  /** Key of its TrainingJob, `namespace/name`. */
  key: string;
  /** Name of its Kubernetes Job. */
  job: string;
  run: number;
  attempt: number;
  trial: number | undefined;
  index: number;
  /** When its program started; undefined until then. */
  startedAtMs: number | undefined;
  /** When its program ended. */
  endedAtMs: number | undefined;
  hasFailed: boolean;
  isBeingDeleted: boolean;
  /** Devices that it holds. */
  gpus: number;
  /** When it got them. */
  heldSinceMs: number | undefined;
  /** Parameters of the training, as JSON. */
  parameters: string | undefined;
}

/** The container that trains is named after the stage. */
export const CONTAINER = 'train';
const INDEX_LABEL = 'batch.kubernetes.io/job-completion-index';
const JOB_LABEL = 'batch.kubernetes.io/job-name';
const PARAMETERS = 'aimass.dev/parameters';

const QUERY: Query = { apiVersion: 'v1', kind: 'Pod', labels: { [Label.component]: Component.training } };

/** All pods that train, from the cache. */
export const listTrainingPods = (cluster: Cluster): TrainingPod[] => cluster.list<AnyPod>(QUERY).map(toTrainingPod);

/** Those of one Kubernetes Job. */
export const listPodsOf = (cluster: Cluster, { namespace, name }: { namespace: string; name: string }): TrainingPod[] =>
  cluster.list<AnyPod>({ ...QUERY, namespace, labels: { ...QUERY.labels, [JOB_LABEL]: name } }).map(toTrainingPod);

type AnyPod = Pod & { metadata: { annotations?: Record<string, string> } };

/** Reads labels and status of a pod. */
function toTrainingPod(pod: AnyPod): TrainingPod {
  const { metadata } = pod;
  const { labels = {}, namespace } = metadata;
  return {
    uid: metadata.uid ?? '',
    namespace,
    name: metadata.name,
    key: `${namespace}/${labels[Label.trainingJob] ?? ''}`,
    job: jobOf(pod),
    run: numberOf(labels[Label.run]) ?? 0,
    attempt: numberOf(labels[Label.attempt]) ?? 1,
    trial: numberOf(labels[Label.trial]),
    index: numberOf(labels[INDEX_LABEL]) ?? 0,
    isBeingDeleted: metadata.deletionTimestamp !== undefined,
    parameters: metadata.annotations?.[PARAMETERS],
    gpus: gpusOf(pod),
    ...lifeOf(pod),
  };
}

const jobOf = ({ metadata }: AnyPod): string =>
  metadata.ownerReferences?.find(({ kind }) => kind === 'Job')?.name ?? metadata.labels?.[JOB_LABEL] ?? '';

const numberOf = (text: string | undefined): number | undefined =>
  text === undefined || !/^\d{1,9}$/.test(text) ? undefined : Number(text);

type Life = Pick<TrainingPod, 'startedAtMs' | 'endedAtMs' | 'hasFailed' | 'heldSinceMs'>;
type Status = NonNullable<AnyPod['status']>;

function lifeOf({ status = {} }: AnyPod): Life {
  const { running, terminated } = status.containerStatuses?.find(({ name }) => name === CONTAINER)?.state ?? {};
  return {
    startedAtMs: timeOf(running?.startedAt) ?? startOf(terminated),
    endedAtMs: terminated === undefined ? endOf(status) : timeOf(terminated.finishedAt),
    hasFailed: status.phase === 'Failed' || (terminated !== undefined && terminated.exitCode !== 0),
    heldSinceMs: timeOf(status.startTime),
  };
}

const startOf = (ended: (Terminated & { startedAt?: string }) | undefined): number | undefined =>
  timeOf(ended?.startedAt ?? ended?.finishedAt);

/** A pod that was evicted, or whose node is gone, does not tell when its container ended. */
const endOf = (status: Status): number | undefined =>
  status.phase === 'Failed' || status.phase === 'Succeeded' ? lastChange(status) : undefined;

const lastChange = ({ startTime, conditions = [] }: Status): number =>
  Math.max(
    ...[startTime, ...conditions.map((condition) => condition.lastTransitionTime)].map((text) => timeOf(text) ?? 0),
  );

function timeOf(text: string | undefined): number | undefined {
  const time = text === undefined ? NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

const GPU_RESOURCE = /(?:gpu|mig-|npu|tpu|neuron|gaudi|i915|xe$)/i;

/** Devices that are asked for by name, and those claimed through Dynamic Resource Allocation. */
function gpusOf({ spec }: AnyPod): number {
  const limits = (spec?.containers ?? []).flatMap(({ resources }) => Object.entries(resources?.limits ?? {}));
  const named = limits
    .filter(([resource]) => resource.includes('/') && GPU_RESOURCE.test(resource))
    .reduce((sum, [, count]) => sum + (Number(count) || 0), 0);
  return named + (spec?.resourceClaims ?? []).length;
}

/** Seconds for which the pod has held its devices, times their number, until a moment. */
export function gpuSecondsOf({ gpus, heldSinceMs, endedAtMs }: TrainingPod, untilMs: number): number {
  if (gpus === 0 || heldSinceMs === undefined) return 0;
  return (gpus * Math.max(0, Math.min(untilMs, endedAtMs ?? untilMs) - heldSinceMs)) / 1000;
}
