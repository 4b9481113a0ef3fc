import type { Pod } from '../../build/inference-service/children.ts';
import type { ServiceFacts } from '../../decide/inference-service/facts.ts';
import { needsCapacity } from '../../decide/inference-service/scheduling.ts';
import { isReady } from '../../decide/inference-service/pods.ts';
import { wantedPodsByName, type Findings } from '../../decide/inference-service/problem.ts';
import type { Wanted } from '../../decide/inference-service/wanted.ts';
import type { Cluster } from '../../kube/cluster.ts';
import { readWarnings } from '../warnings.ts';
import { keyOf, type ServiceDeps } from './deps.ts';

/** After this time a pod without a running container has a reason that only events tell. */
export const SLOW_POD_MS = 20_000;
const TELLING: readonly string[] = ['FailedMount', 'FailedAttachVolume', 'FailedCreatePodSandBox', 'Failed'];

/** Finds out why pods are not ready. Reads from the API server only while one of them waits for a node or a mount. */
export async function findOut(facts: ServiceFacts, wanted: Wanted, deps: ServiceDeps): Promise<Findings> {
  const waiting = wantedPodsByName(facts, wanted).filter((pod) => !isReady(pod));
  const stuck = waiting.find((pod) => isStuck(pod, facts.now));
  return {
    capacity: waiting.some(needsCapacity) ? await deps.capacity.read() : undefined,
    readiness: deps.voices.readiness(keyOf(facts.service.metadata)),
    warnings: stuck === undefined ? undefined : await warningsOf(stuck, deps.cluster),
  };
}

/** Scheduled long ago, and no container has ever run. */
function isStuck({ status }: Pod, now: Date): boolean {
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const hasRun = containers.some(({ state }) => state?.running !== undefined || state?.terminated !== undefined);
  return (
    status?.startTime !== undefined && !hasRun && now.getTime() - new Date(status.startTime).getTime() > SLOW_POD_MS
  );
}

async function warningsOf(pod: Pod, cluster: Cluster): Promise<ReadonlyMap<string, string>> {
  const newest = (await readWarnings(cluster, pod)).find(({ reason }) => TELLING.includes(reason));
  return new Map(newest === undefined ? [] : [[pod.metadata.uid ?? '', newest.message]]);
}
