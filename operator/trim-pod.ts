import type { KubeObject } from './kube/cluster.ts';

type Part = Record<string, unknown>;

interface AnyPod extends KubeObject {
  spec?: Record<'containers' | 'initContainers', Part[] | undefined>;
  status?: Record<'containerStatuses' | 'initContainerStatuses', Part[] | undefined>;
}

/** How a container is run: the same in all pods of a revision, large, and of no weight for any decision. */
const CONTAINER_BULK = [
  'args',
  'command',
  'env',
  'lifecycle',
  'livenessProbe',
  'ports',
  'readinessProbe',
  'securityContext',
  'startupProbe',
  'volumeMounts',
];
const STATUS_BULK = ['allocatedResources', 'containerID', 'imageID', 'resources', 'user', 'volumeMounts'];

/** Drops from a pod what no decision reads: there may be many more pods than anything else in the cache. */
export function trimPod({ spec, status }: AnyPod): void {
  dropFrom([spec?.containers, spec?.initContainers], CONTAINER_BULK);
  dropFrom([status?.containerStatuses, status?.initContainerStatuses], STATUS_BULK);
}

function dropFrom(lists: readonly (Part[] | undefined)[], names: readonly string[]): void {
  for (const part of lists.flatMap((list) => list ?? [])) {
    for (const name of names) delete part[name];
  }
}
