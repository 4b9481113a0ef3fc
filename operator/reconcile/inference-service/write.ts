import type { Child } from '../../build/inference-service/children.ts';
import type { Obstacle } from '../../decide/inference-service/refusal.ts';
import type { Cluster } from '../../kube/cluster.ts';

/** Applies objects in order, and stops at the first that may not be written. */
export async function writeAll(objects: readonly Child[], cluster: Cluster): Promise<Obstacle | undefined> {
  for (const desired of objects) {
    const result = await cluster.apply(desired);
    if (result.outcome === 'nameTaken') return result;
    if (result.outcome === 'refused') return { ...result, desired };
  }
  return undefined;
}
