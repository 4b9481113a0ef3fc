import { Label } from '../../build/labels.ts';
import type { KubeObject } from '../../kube/cluster.ts';
import type { MemoryCluster } from '../../kube/memory-cluster.ts';
import type { Job } from '../../decide/training-job/observed.ts';

/** How a pod is; without exit code it runs. */
export interface End {
  exitCode?: number;
  /** Termination message: an object becomes JSON. */
  message?: object | string;
  /** Why the container ended, such as OOMKilled. */
  reason?: string;
  /** Messages of the init containers that fetch, by name. */
  fetched?: Record<string, object>;
  /** Instead of all that: a status of the test's own. */
  status?: object;
  /** Seconds after now. */
  laterSeconds?: number;
}

/** Makes one pod of an Indexed Job. */
export function createPod(cluster: MemoryCluster, job: Job & KubeObject, index: number): void {
  const { template } = job.spec ?? {};
  cluster.server.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${job.metadata.name}-${index}`,
      namespace: job.metadata.namespace,
      labels: {
        ...template?.metadata?.labels,
        [Label.managedBy]: 'aimass-operator',
        'batch.kubernetes.io/job-completion-index': String(index),
      },
      ownerReferences: [
        { apiVersion: 'batch/v1', kind: 'Job', name: job.metadata.name, uid: job.metadata.uid ?? '', controller: true },
      ],
    },
    spec: { ...structuredClone(template?.spec), nodeName: `node-${index}` },
  } as KubeObject);
}

/** The status that the kubelet gives a pod. */
export function podStatus(stage: string, end: End, now: number): object {
  if (end.status !== undefined) return end.status;
  const { exitCode, laterSeconds = 0 } = end;
  const finishedAt = new Date(now + laterSeconds * 1000).toISOString().replace('.000Z', 'Z');
  const initContainerStatuses = Object.entries(end.fetched ?? {}).map(([name, message]) => ({
    name,
    state: {
      terminated: {
        exitCode: 'ok' in message && message.ok === true ? 0 : 2,
        finishedAt,
        message: JSON.stringify(message),
      },
    },
  }));
  const state =
    exitCode === undefined ? { running: { startedAt: finishedAt } } : { terminated: terminated(end, finishedAt) };
  return {
    phase: phaseOf(exitCode),
    conditions: [{ type: 'PodScheduled', status: 'True' }],
    ...(initContainerStatuses.length === 0 ? {} : { initContainerStatuses }),
    containerStatuses: [{ name: stage, state }],
  };
}

function phaseOf(exitCode: number | undefined): string {
  if (exitCode === undefined) return 'Running';
  return exitCode === 0 ? 'Succeeded' : 'Failed';
}

const terminated = ({ exitCode = 0, reason, message }: End, finishedAt: string) => ({
  exitCode,
  finishedAt,
  ...(reason === undefined ? {} : { reason }),
  ...(message === undefined ? {} : { message: typeof message === 'string' ? message : JSON.stringify(message) }),
});
