import { forEachConcurrently, type Resource } from '../operator/api.ts';
import type { Requests } from '../operator/audit-log.ts';
import { measureRemoval, platformCpuMs } from '../operator/floor.ts';
import { startOperator, type RunningOperator } from '../operator/operator-process.ts';
import type { Bench } from '../operator/services.ts';
import { TEMPLATE, TEMPLATE_NAMESPACE, asManifest, instantiate, isReady } from '../operator/template.ts';
import { Tracker } from '../operator/tracker.ts';

const API_VERSION = 'aimass.dev/v1alpha1';

/** Many TrainingJobs of two workers, and the floor in the same run. */
export interface JobFigures {
  count: number;
  floor: { allCompleteSeconds: number; deleteSeconds: number; platformCpuMs: number };
  allCompleteSeconds: number;
  requests: Requests;
  operatorCpuMsPerJob: number;
  platformCpuMs: number;
  peakMemoryMiB: number;
  restart: { seconds: number; requests: Requests };
  deleteSeconds: number;
}

type Cluster = Omit<Bench, 'template'>;

/** A TrainingJob of two workers with an image of its own and nothing else: what Trainer and JobSet are measured with. */
const trainingJobOf = (name: string, namespace: string): Resource => ({
  apiVersion: API_VERSION,
  kind: 'TrainingJob',
  metadata: { name, namespace },
  spec: { image: 'registry.example/trainer:1', framework: 'pytorch', workers: { count: 2 } },
});

const isComplete = ({ status }: Resource): boolean =>
  ((status?.['conditions'] ?? []) as { type: string; status: string }[]).some(
    ({ type, status: value }) => type === 'Complete' && value === 'True',
  );

const seconds = (fromMs: number): number => (performance.now() - fromMs) / 1000;

/** The Job and the Service that the operator makes for one TrainingJob, learned from the operator itself. */
async function learnChildren({ cluster, timeoutMs }: Cluster): Promise<Resource[]> {
  const { api } = cluster;
  await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: TEMPLATE_NAMESPACE } });
  const job = await api.create(trainingJobOf(TEMPLATE, TEMPLATE_NAMESPACE));
  const jobs = new Tracker(api, await api.collection(API_VERSION, 'TrainingJob', TEMPLATE_NAMESPACE), isReady);
  await jobs.until(({ passedAt }) => passedAt.size > 0, timeoutMs).finally(() => jobs.stop());
  const children: Resource[] = [];
  for (const [apiVersion, kind] of [
    ['v1', 'Service'],
    ['batch/v1', 'Job'],
  ] as const) {
    const { items } = await api.list(await api.collection(apiVersion, kind, TEMPLATE_NAMESPACE));
    const owned = items.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid));
    children.push(...owned.map((object) => withoutServerFields(asManifest({ ...object, apiVersion, kind }))));
  }
  await api.remove(job);
  if (children.length !== 2) throw new Error(`the operator made ${children.length} children, not a Service and a Job`);
  return children;
}

/** The Job controller labels pods by the uid of their Job, which another Job does not have. */
function withoutServerFields(manifest: Resource): Resource {
  if (manifest.kind !== 'Job') return manifest;
  const {
    selector: _selector,
    template,
    ...spec
  } = manifest.spec as {
    selector?: object;
    template: { metadata: { labels: Record<string, string> } };
  };
  const labels = Object.fromEntries(
    Object.entries(template.metadata.labels).filter(([key]) => !/controller-uid|job-name/.test(key)),
  );
  return { ...manifest, spec: { ...spec, template: { ...template, metadata: { ...template.metadata, labels } } } };
}

async function measureFloor(
  { cluster, timeoutMs }: Cluster,
  { children, count }: { children: readonly Resource[]; count: number },
): Promise<JobFigures['floor']> {
  const { api } = cluster;
  const namespace = `floor-jobs-${count}`;
  await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const sets = Array.from({ length: count }, (_, index) => instantiate(children, `job-${index}`, namespace));
  const jobs = new Tracker(api, await api.collection('batch/v1', 'Job', namespace), isComplete);
  try {
    const cpu = platformCpuMs(cluster);
    const startedAt = performance.now();
    await forEachConcurrently(sets, async (set) => {
      for (const child of set) await api.create(child);
    });
    await jobs.until(({ passedAt }) => passedAt.size === count, timeoutMs);
    const allCompleteSeconds = seconds(startedAt);
    const platform = platformCpuMs(cluster) - cpu;
    const deleteSeconds = await measureRemoval(api, { objects: sets.flat(), children, namespace, timeoutMs });
    return { allCompleteSeconds, deleteSeconds, platformCpuMs: platform };
  } finally {
    jobs.stop();
  }
}

async function measureCreation(bench: Cluster, operator: RunningOperator, objects: readonly Resource[]) {
  const { cluster, audit, timeoutMs } = bench;
  const { api } = cluster;
  const namespace = objects[0]?.metadata.namespace ?? '';
  const tracker = new Tracker(api, await api.collection(API_VERSION, 'TrainingJob', namespace), isReady);
  try {
    const before = { position: audit.position(), cpu: operator.cpuMs(), platform: platformCpuMs(cluster) };
    const startedAt = performance.now();
    await forEachConcurrently(objects, (object) => api.create(object));
    await tracker.until(({ passedAt }) => passedAt.size === objects.length, timeoutMs);
    const allCompleteSeconds = seconds(startedAt);
    const platform = platformCpuMs(cluster) - before.platform;
    await operator.settle(timeoutMs);
    return {
      allCompleteSeconds,
      platformCpuMs: platform,
      requests: await audit.since(before.position),
      operatorCpuMsPerJob: (operator.cpuMs() - before.cpu) / objects.length,
    };
  } finally {
    tracker.stop();
  }
}

/** Everything about a number of two-worker TrainingJobs, from creation to deletion. Simulated nodes must exist. */
export async function measureJobs(bench: Cluster, count: number): Promise<JobFigures> {
  const { cluster, audit, program, say, timeoutMs } = bench;
  let operator = await startOperator(cluster, audit, program);
  try {
    say('jobs: learn what the operator makes');
    const children = await learnChildren(bench);
    await operator.stop();
    say(`${count} jobs: floor`);
    // Without the operator, which would read the logs of these pods too: their labels are those of its own.
    const floor = await measureFloor(bench, { children, count });
    operator = await startOperator(cluster, audit, program);
    await operator.settle(timeoutMs);
    const namespace = `jobs-${count}`;
    await cluster.api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    const objects = Array.from({ length: count }, (_, index) => trainingJobOf(`job-${index}`, namespace));
    say(`${count} jobs: create`);
    const created = await measureCreation(bench, operator, objects);
    const peakMemoryMiB = operator.peakMemoryMiB();
    await operator.stop();
    say(`${count} jobs: restart`);
    const position = audit.position();
    operator = await startOperator(cluster, audit, program);
    const restartSeconds = await operator.settle(timeoutMs);
    const requests = await audit.since(position);
    say(`${count} jobs: delete`);
    const deleteSeconds = await measureRemoval(cluster.api, { objects, children, namespace, timeoutMs });
    const restart = { seconds: restartSeconds, requests };
    return { count, floor, ...created, peakMemoryMiB, restart, deleteSeconds };
  } finally {
    await operator.stop();
  }
}
