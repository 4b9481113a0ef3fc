import { isConflict } from '../kube/api-errors.ts';
import type { Cluster, KubeObject } from '../kube/cluster.ts';

/** Removes an object if it is there. A conflict means that it changed meanwhile: its change brings us back to its owner. */
export async function removeQuietly(cluster: Cluster, object: KubeObject | undefined): Promise<void> {
  if (object === undefined || object.metadata.deletionTimestamp !== undefined) return;
  try {
    await cluster.remove(object);
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}
