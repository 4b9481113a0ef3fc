import type { PodMemory } from './pod-memory.ts';

/** The pods of the last try of each training of one TrainingJob, one for each worker, in their order. */
export function currentPods(memories: Iterable<PodMemory>): PodMemory[] {
  const trainings = Map.groupBy(memories, ({ pod }) => pod.trial ?? -1);
  return [...trainings.values()].flatMap((tries) => {
    const newest = Math.max(...tries.map(({ pod }) => pod.attempt));
    return workersOf(tries.filter(({ pod }) => pod.attempt === newest));
  });
}

/** A worker of an elastic training may have been replaced: the pod that has ended no longer counts. */
function workersOf(memories: readonly PodMemory[]): PodMemory[] {
  const workers = new Map<number, PodMemory>();
  for (const memory of memories) {
    const other = workers.get(memory.pod.index);
    if (other === undefined || other.pod.endedAtMs !== undefined) workers.set(memory.pod.index, memory);
  }
  return [...workers.values()].toSorted((a, b) => a.pod.index - b.pod.index);
}

/** Who speaks for each training, by uid: the first worker, or when that one tells nothing, the first that does. */
export function speakersOf(memories: Iterable<PodMemory>): ReadonlySet<string> {
  const trainings = Map.groupBy(currentPods(memories), ({ pod }) => pod.trial ?? -1);
  return new Set(
    [...trainings.values()].flatMap((workers) => {
      const speaker = workers.find(({ place }) => place.readings > 0) ?? workers[0];
      return speaker?.pod.uid ?? [];
    }),
  );
}
