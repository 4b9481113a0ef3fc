import type { Child } from '../../build/child.ts';
import type { Obstacle } from '../../decide/inference-service/refusal.ts';
import type { Cluster } from '../../kube/cluster.ts';

/** Applies objects side by side, and gives the first that may not be written. All have ended when it comes back or throws. */
export async function writeAll(objects: readonly Child[], cluster: Cluster): Promise<Obstacle | undefined> {
  const obstacles = await allEnded(objects.map((desired) => write(desired, cluster)));
  return obstacles.find((obstacle) => obstacle !== undefined);
}

/** Applies one step after the other, and stops after one with an object that may not be written. */
export async function writeInOrder(
  steps: readonly (readonly (Child | undefined)[])[],
  cluster: Cluster,
): Promise<Obstacle | undefined> {
  for (const step of steps) {
    const obstacle = await writeAll(
      step.filter((child) => child !== undefined),
      cluster,
    );
    if (obstacle !== undefined) return obstacle;
  }
  return undefined;
}

/** Like `Promise.all`, but throws only when nothing runs any more: the next pass must not meet writes of this one. */
export async function allEnded<T extends readonly unknown[]>(work: {
  [K in keyof T]: Promise<T[K]>;
}): Promise<T> {
  await Promise.allSettled(work);
  return (await Promise.all(work)) as unknown as T;
}

async function write(desired: Child, cluster: Cluster): Promise<Obstacle | undefined> {
  const result = await cluster.apply(desired);
  return result.outcome === 'nameTaken' || result.outcome === 'refused' ? { ...result, desired } : undefined;
}
