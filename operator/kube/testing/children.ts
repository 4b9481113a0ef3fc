import { refOf } from '../desired.ts';
import type { KubeObject, ObjectRef } from '../cluster.ts';
import type { MemoryCluster } from '../memory-cluster.ts';

type WithSpec = KubeObject & {
  spec?: { replicas?: number; template?: object; selector?: { matchLabels?: Record<string, string> } };
};

/** Lets the Deployment controller finish: all replicas of the newest template are updated and available. */
export function markDeploymentReady(cluster: MemoryCluster, ref: ObjectRef, replicas?: number): KubeObject {
  const live = cluster.server.get<WithSpec>(ref);
  const count = replicas ?? live?.spec?.replicas ?? 1;
  return cluster.server.setStatus(ref, {
    observedGeneration: live?.metadata.generation,
    replicas: count,
    updatedReplicas: count,
    readyReplicas: count,
    availableReplicas: count,
    conditions: [
      { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' },
      { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' },
    ],
  });
}

/** Lets a Job end: `succeeded` decides how. */
export function finishJob(cluster: MemoryCluster, ref: ObjectRef, succeeded: boolean): KubeObject {
  const condition = succeeded
    ? { type: 'Complete', status: 'True', reason: 'CompletionsReached' }
    : {
        type: 'Failed',
        status: 'True',
        reason: 'BackoffLimitExceeded',
        message: 'Job has reached the specified backoff limit',
      };
  return cluster.server.setStatus(ref, {
    [succeeded ? 'succeeded' : 'failed']: 1,
    conditions: [condition],
    completionTime: '2026-01-01T00:00:00Z',
  });
}

/** Makes the pod that a Deployment or Job would make: its labels and owner, status as given. */
export function createPodOf(
  cluster: MemoryCluster,
  parent: KubeObject,
  pod: { name: string; status: object },
): KubeObject {
  const template = (parent as WithSpec).spec?.template as
    { metadata?: { labels?: Record<string, string> }; spec?: object } | undefined;
  const created = cluster.server.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: pod.name,
      namespace: parent.metadata.namespace ?? 'default',
      labels: { ...template?.metadata?.labels },
      ownerReferences: [
        {
          apiVersion: parent.apiVersion,
          kind: parent.kind,
          name: parent.metadata.name,
          uid: parent.metadata.uid ?? '',
          controller: true,
        },
      ],
    },
    spec: structuredClone(template?.spec ?? {}),
  } as KubeObject);
  return cluster.server.setStatus(refOf(created), pod.status);
}
