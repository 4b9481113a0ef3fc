import type { BenchCluster } from './cluster.ts';
import { forEachConcurrently, type ApiClient, type Resource } from './api.ts';
import { cpuMs } from './process-usage.ts';
import { instantiate } from './template.ts';
import { Tracker } from './tracker.ts';

/** How long the same children take without any operator. */
export interface FloorFigures {
  allReadySeconds: number;
  medianSeconds: number;
  deleteSeconds: number;
  platformCpuMs: number;
}

/** CPU time of the control plane so far. */
export const platformCpuMs = ({ plane }: BenchCluster): number =>
  Object.values(plane.pids).reduce((sum, pid) => sum + cpuMs(pid), 0);

/** True when a Deployment has all its pods available. */
export function isAvailable({ metadata, spec, status }: Resource): boolean {
  const wanted = Number(spec?.['replicas'] ?? 1);
  return status?.['observedGeneration'] === metadata.generation && Number(status?.['availableReplicas'] ?? 0) >= wanted;
}

const seconds = (fromMs: number) => (performance.now() - fromMs) / 1000;

/** Creates the children of `count` services straight from one client, waits until all pods are available, and deletes them. */
export async function measureFloor(
  cluster: BenchCluster,
  { children, count, timeoutMs }: { children: readonly Resource[]; count: number; timeoutMs: number },
): Promise<FloorFigures> {
  const { api } = cluster;
  const namespace = `floor-${count}`;
  await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const sets = Array.from({ length: count }, (_, index) => instantiate(children, `service-${index}`, namespace));
  const deployments = new Tracker(api, await api.collection('apps/v1', 'Deployment', namespace), isAvailable);
  try {
    const cpuBefore = platformCpuMs(cluster);
    const startedAt = performance.now();
    const createdAt = new Map<string, number>();
    await forEachConcurrently(sets, async (set) => {
      const deployment = set.find(({ kind }) => kind === 'Deployment');
      createdAt.set(deployment?.metadata.name ?? '', performance.now());
      for (const child of set) await api.create(child);
    });
    await deployments.until(({ passedAt }) => passedAt.size === count, timeoutMs);
    const allReadySeconds = seconds(startedAt);
    const medianSeconds = medianWait(createdAt, deployments);
    const platform = platformCpuMs(cluster) - cpuBefore;
    const deleteSeconds = await measureRemoval(api, { objects: sets.flat(), children, namespace, timeoutMs });
    return { allReadySeconds, medianSeconds, deleteSeconds, platformCpuMs: platform };
  } finally {
    deployments.stop();
  }
}

/** Seconds from the first delete until neither these objects nor any child nor any pod is left in the namespace. */
export async function measureRemoval(
  api: ApiClient,
  removal: { objects: readonly Resource[]; children: readonly Resource[]; namespace: string; timeoutMs: number },
): Promise<number> {
  const { objects, children, namespace, timeoutMs } = removal;
  const pods: Resource = { apiVersion: 'v1', kind: 'Pod', metadata: { name: '' } };
  const kinds = [...new Map([pods, ...children, ...objects].map((object) => [object.kind, object])).values()];
  const trackers = await Promise.all(
    kinds.map(async ({ apiVersion, kind }) => new Tracker(api, await api.collection(apiVersion, kind, namespace))),
  );
  try {
    // The watches must have seen what is there, or nothing would look like gone.
    for (const tracker of trackers) await tracker.until(({ present }) => present.size > 0, timeoutMs);
    const startedAt = performance.now();
    await forEachConcurrently(objects, (object) => api.remove(object));
    for (const tracker of trackers) await tracker.until(({ present }) => present.size === 0, timeoutMs);
    return seconds(startedAt);
  } finally {
    for (const tracker of trackers) tracker.stop();
  }
}

/** Seconds until one set of children is available on an idle cluster: the median of several, one after the other. */
export async function measureFloorSingle(
  cluster: BenchCluster,
  children: readonly Resource[],
  times: number,
): Promise<number> {
  const { api } = cluster;
  const namespace = 'floor-single';
  await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const deployments = new Tracker(api, await api.collection('apps/v1', 'Deployment', namespace), isAvailable);
  try {
    const samples: number[] = [];
    for (let index = 0; index < times; index += 1) {
      const startedAt = performance.now();
      for (const child of instantiate(children, `single-${index}`, namespace)) await api.create(child);
      await deployments.until(({ passedAt }) => passedAt.size === index + 1, 60_000);
      samples.push(seconds(startedAt));
    }
    return median(samples);
  } finally {
    deployments.stop();
    await api.send('DELETE', `/api/v1/namespaces/${namespace}`);
  }
}

/** The median of the seconds between the creation of an object and its passing the test. */
export function medianWait(createdAt: ReadonlyMap<string, number>, { passedAt }: Tracker): number {
  return median([...createdAt].map(([name, at]) => ((passedAt.get(name) ?? Number.NaN) - at) / 1000));
}

/** The middle value, or the lower of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}
