import type { Figures } from '../decide/inference-service/figures.ts';
import type { PodSample } from './pod-sample.ts';

/** What happened in one pod between its first and its last sample. */
interface Change {
  seconds: number;
  requests: number;
  errors: number;
  cpuSeconds: number;
  buckets: ReadonlyMap<number, number>;
}

/** What a pod said before it fell silent is no longer live. */
const STALE_MS = 120_000;

/** Adds a sample to those of a pod; drops what is too old, and what was before the process started anew. */
export function withSample(samples: readonly PodSample[], next: PodSample, windowMs: number): PodSample[] {
  const last = samples.at(-1);
  const isRestarted = last !== undefined && (next.cpuSeconds < last.cpuSeconds || next.requests < last.requests);
  const kept = isRestarted ? [] : samples.filter(({ atMs }) => next.atMs - atMs <= windowMs);
  return [...kept, next];
}

/** The figures of a service from the samples of its pods; undefined until one pod was read twice. */
export function computeFigures(pods: readonly (readonly PodSample[])[], nowMs: number): Figures | undefined {
  const live = pods.filter((samples) => nowMs - (samples.at(-1)?.atMs ?? 0) <= STALE_MS);
  const changes = live.flatMap((samples) => changeOf(samples) ?? []);
  if (changes.length === 0) return undefined;
  const latest = live.flatMap((samples) => samples.at(-1) ?? []);
  const requests = sum(changes, (change) => change.requests);
  const buckets = addBuckets(changes);
  const p50 = quantile(buckets, 0.5);
  const p99 = quantile(buckets, 0.99);
  return {
    observedAt: `${new Date(nowMs).toISOString().slice(0, 19)}Z`,
    requestsPerSecond: sum(changes, (change) => change.requests / change.seconds),
    errorRate: requests === 0 ? 0 : sum(changes, (change) => change.errors) / requests,
    ...(p50 === undefined || p99 === undefined ? {} : { latencyMs: { p50: p50 * 1000, p99: p99 * 1000 } }),
    inFlight: sum(latest, ({ inFlight }) => inFlight),
    cpu: sum(changes, (change) => change.cpuSeconds / change.seconds),
    memoryBytes: sum(latest, ({ memoryBytes }) => memoryBytes),
  };
}

function changeOf(samples: readonly PodSample[]): Change | undefined {
  const first = samples.at(0);
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined;
  return {
    seconds: (last.atMs - first.atMs) / 1000,
    requests: last.requests - first.requests,
    errors: last.errors - first.errors,
    cpuSeconds: last.cpuSeconds - first.cpuSeconds,
    buckets: new Map([...last.buckets].map(([bound, count]) => [bound, count - (first.buckets.get(bound) ?? 0)])),
  };
}

function addBuckets(changes: readonly Change[]): [bound: number, count: number][] {
  const total = new Map<number, number>();
  for (const [bound, count] of changes.flatMap(({ buckets }) => [...buckets])) {
    total.set(bound, (total.get(bound) ?? 0) + count);
  }
  return [...total].sort(([a], [b]) => a - b);
}

/** As Prometheus does it: linear inside the bucket that holds the quantile; the last finite bound where that is unbounded. */
export function quantile(
  buckets: readonly (readonly [bound: number, count: number])[],
  share: number,
): number | undefined {
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total === 0) return undefined;
  const rank = share * total;
  const index = buckets.findIndex(([, count]) => count >= rank);
  const [upper, count] = buckets[index] ?? [0, 0];
  const [lower, below] = buckets[index - 1] ?? [0, 0];
  return upper === Infinity ? lower : lower + ((upper - lower) * (rank - below)) / (count - below);
}

const sum = <T>(items: readonly T[], value: (item: T) => number): number =>
  items.reduce((total, item) => total + value(item), 0);
