import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient, Resource } from './api.ts';
import { forEachConcurrently } from './api.ts';
import type { AuditLog, Requests } from './audit-log.ts';
import type { BenchCluster } from './cluster.ts';
import { measureRemoval, median, medianWait, platformCpuMs } from './floor.ts';
import { startOperator, type Program, type RunningOperator } from './operator-process.ts';
import type { Template } from './template.ts';
import { isReady, modelOf, serviceOf } from './template.ts';
import { Tracker } from './tracker.ts';

/** What every measurement needs. */
export interface Bench {
  cluster: BenchCluster;
  audit: AuditLog;
  template: Template;
  program: Program;
  timeoutMs: number;
  idleSeconds: number;
  say: (text: string) => void;
}

/** How the operator behaves when nothing is left to do. */
export interface IdleFigures {
  writesPerMinute: number;
  readsPerMinute: number;
  cpuPercent: number;
}

/** How the operator behaves with a number of InferenceServices. */
export interface ServiceFigures {
  allReadySeconds: number;
  medianSeconds: number;
  requests: Requests;
  operatorCpuMs: number;
  platformCpuMs: number;
  peakMemoryMiB: number;
  idle: IdleFigures;
  restart: { seconds: number; writes: number; reads: number };
  deleteSeconds: number;
}

const seconds = (fromMs: number) => (performance.now() - fromMs) / 1000;

/** Creates Models that are verified already; the operator must not run, or it would start to verify them. */
export async function createVerifiedModels(bench: Bench, namespace: string, names: readonly string[]): Promise<void> {
  const { api } = bench.cluster;
  await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const path = await api.collection('aimass.dev/v1alpha1', 'Model', namespace);
  await forEachConcurrently(names, async (name) => {
    await api.create(modelOf(name, namespace));
    await api.send('PATCH', `${path}/${name}/status`, { status: bench.template.verifiedStatus });
  });
}

/** How many InferenceServices there are, and how many of them serve the same Model. */
export interface Size {
  count: number;
  perModel: number;
}

/** Everything about a number of InferenceServices, from creation to deletion. */
export async function measureServices(bench: Bench, { count, perModel }: Size): Promise<ServiceFigures> {
  const { cluster, audit, say, timeoutMs } = bench;
  const namespace = `services-${count}-${perModel}`;
  const models = Array.from({ length: Math.ceil(count / perModel) }, (_, index) => `model-${index}`);
  // One Model's services come at different times: together they would be too easy to count.
  const services = Array.from({ length: count }, (_, index) =>
    serviceOf(`service-${index}`, namespace, models[index % models.length]),
  );
  say(`${count} services: ${models.length} verified Models`);
  await createVerifiedModels(bench, namespace, models);
  let operator = await startOperator(cluster, audit, bench.program);
  try {
    await operator.settle(timeoutMs);
    say(`${count} services: create`);
    const created = await measureCreation(bench, operator, { namespace, services });
    say(`${count} services: idle for ${bench.idleSeconds} s`);
    const idle = await measureIdle(bench, operator);
    const peakMemoryMiB = operator.peakMemoryMiB();
    await operator.stop();
    say(`${count} services: restart`);
    const position = audit.position();
    operator = await startOperator(cluster, audit, bench.program);
    const settledSeconds = await operator.settle(timeoutMs);
    const { writes, reads } = await audit.since(position);
    say(`${count} services: delete`);
    const deleteSeconds = await measureRemoval(cluster.api, {
      objects: services,
      children: bench.template.children,
      namespace,
      timeoutMs,
    });
    await removeModels(cluster.api, namespace, timeoutMs);
    return { ...created, idle, peakMemoryMiB, restart: { seconds: settledSeconds, writes, reads }, deleteSeconds };
  } finally {
    await operator.stop();
  }
}

type Creation = Pick<
  ServiceFigures,
  'allReadySeconds' | 'medianSeconds' | 'requests' | 'operatorCpuMs' | 'platformCpuMs'
>;

async function measureCreation(
  bench: Bench,
  operator: RunningOperator,
  { namespace, services }: { namespace: string; services: readonly Resource[] },
): Promise<Creation> {
  const { cluster, audit, timeoutMs } = bench;
  const { api } = cluster;
  const tracker = new Tracker(api, await api.collection('aimass.dev/v1alpha1', 'InferenceService', namespace), isReady);
  try {
    const before = { position: audit.position(), cpu: operator.cpuMs(), platform: platformCpuMs(cluster) };
    const startedAt = performance.now();
    const createdAt = new Map<string, number>();
    await forEachConcurrently(services, async (service) => {
      createdAt.set(service.metadata.name, performance.now());
      await api.create(service);
    });
    await tracker.until(({ passedAt }) => passedAt.size === services.length, timeoutMs);
    const allReadySeconds = seconds(startedAt);
    const platform = platformCpuMs(cluster) - before.platform;
    const medianSeconds = medianWait(createdAt, tracker);
    // Writes that come after Ready belong to the object as well.
    await operator.settle(timeoutMs);
    return {
      allReadySeconds,
      medianSeconds,
      requests: await audit.since(before.position),
      operatorCpuMs: operator.cpuMs() - before.cpu,
      platformCpuMs: platform,
    };
  } finally {
    tracker.stop();
  }
}

async function measureIdle({ audit, idleSeconds }: Bench, operator: RunningOperator): Promise<IdleFigures> {
  const before = { position: audit.position(), cpu: operator.cpuMs() };
  await sleep(idleSeconds * 1000);
  const { writes, reads } = await audit.since(before.position);
  const perMinute = 60 / idleSeconds;
  const cpuPercent = (operator.cpuMs() - before.cpu) / (idleSeconds * 10);
  return { writesPerMinute: writes * perMinute, readsPerMinute: reads * perMinute, cpuPercent };
}

async function removeModels(api: ApiClient, namespace: string, timeoutMs: number): Promise<void> {
  const path = await api.collection('aimass.dev/v1alpha1', 'Model', namespace);
  const models = new Tracker(api, path);
  try {
    await models.until(({ present }) => present.size > 0, timeoutMs);
    await api.send('DELETE', path);
    await models.until(({ present }) => present.size === 0, timeoutMs);
  } finally {
    models.stop();
  }
}

/** Seconds from creation to Ready on an idle cluster: the median of several, one after the other. */
export async function measureSingle(bench: Bench, times: number): Promise<number> {
  const { api } = bench.cluster;
  const namespace = 'services-single';
  const names = Array.from({ length: times }, (_, index) => `single-${index}`);
  await createVerifiedModels(bench, namespace, names);
  const operator = await startOperator(bench.cluster, bench.audit, bench.program);
  const path = await api.collection('aimass.dev/v1alpha1', 'InferenceService', namespace);
  const services = new Tracker(api, path, isReady);
  try {
    await operator.settle(bench.timeoutMs);
    const samples: number[] = [];
    for (const name of names) {
      const startedAt = performance.now();
      await api.create(serviceOf(name, namespace));
      await services.until(({ passedAt }) => passedAt.has(name), 60_000);
      samples.push(seconds(startedAt));
    }
    const objects = names.map((name) => serviceOf(name, namespace));
    await measureRemoval(api, { objects, children: bench.template.children, namespace, timeoutMs: bench.timeoutMs });
    await removeModels(api, namespace, bench.timeoutMs);
    return median(samples);
  } finally {
    services.stop();
    await operator.stop();
  }
}

/** How the operator copes with a large library of verified Models. */
export interface LibraryFigures {
  startSeconds: number;
  startWrites: number;
  startReads: number;
  peakMemoryMiB: number;
  singleSeconds: number;
  idle: IdleFigures;
}

/** Starts the operator over `count` verified Models, then serves one of them. */
export async function measureLibrary(bench: Bench, count: number): Promise<LibraryFigures> {
  const { cluster, audit, say, timeoutMs } = bench;
  const { api } = cluster;
  const namespace = `library-${count}`;
  say(`${count} Models: create`);
  await createVerifiedModels(
    bench,
    namespace,
    Array.from({ length: count }, (_, index) => `model-${index}`),
  );
  say(`${count} Models: start the operator`);
  const position = audit.position();
  const operator = await startOperator(cluster, audit, bench.program);
  const services = new Tracker(
    api,
    await api.collection('aimass.dev/v1alpha1', 'InferenceService', namespace),
    isReady,
  );
  try {
    const startSeconds = await operator.settle(timeoutMs);
    const { writes: startWrites, reads: startReads } = await audit.since(position);
    say(`${count} Models: serve one`);
    const startedAt = performance.now();
    await api.create(serviceOf('model-0', namespace));
    await services.until(({ passedAt }) => passedAt.size === 1, 60_000);
    const singleSeconds = seconds(startedAt);
    await operator.settle(timeoutMs);
    say(`${count} Models: idle for ${bench.idleSeconds} s`);
    const idle = await measureIdle(bench, operator);
    return { startSeconds, startWrites, startReads, peakMemoryMiB: operator.peakMemoryMiB(), singleSeconds, idle };
  } finally {
    services.stop();
    await operator.stop();
  }
}
