import { parseMetrics, type Metric } from './parse-metrics.ts';

/** What one scrape of one pod says (docs/reference/pod-contract.md). Counters grow since the process started. */
export interface PodSample {
  atMs: number;
  requests: number;
  /** Requests that failed by fault of the server. */
  errors: number;
  /** Requests that took at most so many seconds, by that bound. */
  buckets: ReadonlyMap<number, number>;
  inFlight: number;
  cpuSeconds: number;
  memoryBytes: number;
}

const WANTED: ReadonlySet<string> = new Set([
  'aimass_requests_total',
  'aimass_request_duration_seconds_bucket',
  'aimass_requests_in_flight',
  'process_cpu_seconds_total',
  'process_resident_memory_bytes',
  'aimass_model_cpu_seconds_total',
  'aimass_model_memory_bytes',
]);

/** Picks the metrics of the contract out of a scrape; undefined when it is not ours. */
export function toPodSample(text: string, atMs: number): PodSample | undefined {
  const metrics = parseMetrics(text, (name) => WANTED.has(name));
  const total = (name: string, filter: (metric: Metric) => boolean = () => true): number =>
    metrics.filter((metric) => metric.name === name && filter(metric)).reduce((sum, { value }) => sum + value, 0);
  if (!metrics.some(({ name }) => name === 'process_cpu_seconds_total')) return undefined;
  return {
    atMs,
    requests: total('aimass_requests_total'),
    errors: total('aimass_requests_total', ({ labels }) => labels.code?.startsWith('5') === true),
    buckets: toBuckets(metrics),
    inFlight: total('aimass_requests_in_flight'),
    // The server, and the processes that hold the model.
    cpuSeconds: total('process_cpu_seconds_total') + total('aimass_model_cpu_seconds_total'),
    memoryBytes: total('process_resident_memory_bytes') + total('aimass_model_memory_bytes'),
  };
}

function toBuckets(metrics: readonly Metric[]): ReadonlyMap<number, number> {
  const buckets = new Map<number, number>();
  for (const { name, labels, value } of metrics) {
    if (name !== 'aimass_request_duration_seconds_bucket') continue;
    const bound = labels.le === '+Inf' ? Infinity : Number(labels.le);
    buckets.set(bound, (buckets.get(bound) ?? 0) + value);
  }
  return buckets;
}
