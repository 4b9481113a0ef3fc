import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** What the operator measures about itself. */
export interface Metrics {
  registry: Registry;
  reconcileDuration: Histogram<'controller' | 'outcome'>;
  queueDepth: Gauge<'controller'>;
  queueLatency: Histogram<'controller'>;
  watchAge: Gauge<'kind'>;
  watchState: Gauge<'kind' | 'state'>;
  watchRestarts: Counter<'kind' | 'cause'>;
  cachedObjects: Gauge<'kind'>;
  objects: Gauge<'kind' | 'namespace' | 'ready' | 'reason' | 'stalled'>;
  apiRequests: Counter<'verb' | 'resource' | 'code'>;
  apiDuration: Histogram<'verb'>;
  apiThrottled: Counter;
  events: Counter<'outcome'>;
  leader: Gauge;
  buildInfo: Gauge<'version' | 'node'>;
}

const SECONDS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Creates all metrics in a registry of their own, so that tests do not share them. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  // Ten samples a second of the event loop's lag: the default of a hundred costs half a percent of a core for ever.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  const registers = [registry];
  const metrics = { registry, ...loopMetrics(registers), ...watchMetrics(registers), ...apiMetrics(registers) };
  metrics.buildInfo.set({ version, node: process.version }, 1);
  return metrics;
}

const loopMetrics = (
  registers: Registry[],
): Pick<Metrics, 'reconcileDuration' | 'queueDepth' | 'queueLatency' | 'leader' | 'buildInfo' | 'events'> => ({
  reconcileDuration: new Histogram({
    name: 'aimass_reconcile_duration_seconds',
    help: 'Time of one reconcile pass by outcome.',
    labelNames: ['controller', 'outcome'],
    buckets: SECONDS,
    registers,
  }),
  queueDepth: new Gauge({
    name: 'aimass_queue_depth',
    help: 'Objects that wait to be reconciled now.',
    labelNames: ['controller'],
    registers,
  }),
  queueLatency: new Histogram({
    name: 'aimass_queue_latency_seconds',
    help: 'Time from being due to being picked up by a worker.',
    labelNames: ['controller'],
    buckets: SECONDS,
    registers,
  }),
  events: new Counter({
    name: 'aimass_events_total',
    help: 'Kubernetes events by what became of them: written, repeated, dropped, failed.',
    labelNames: ['outcome'],
    registers,
  }),
  leader: new Gauge({ name: 'aimass_leader', help: '1 while this process is the leader.', registers }),
  buildInfo: new Gauge({
    name: 'aimass_build_info',
    help: 'Always 1; the labels tell the version.',
    labelNames: ['version', 'node'],
    registers,
  }),
});

const watchMetrics = (
  registers: Registry[],
): Pick<Metrics, 'watchAge' | 'watchState' | 'watchRestarts' | 'cachedObjects' | 'objects'> => ({
  watchAge: new Gauge({
    name: 'aimass_watch_age_seconds',
    help: 'Time since the API server last said anything about this kind.',
    labelNames: ['kind'],
    registers,
  }),
  watchState: new Gauge({
    name: 'aimass_watch_state',
    help: '1 for the state that the watch of this kind is in: listing, watching, missing, forbidden, failing.',
    labelNames: ['kind', 'state'],
    registers,
  }),
  watchRestarts: new Counter({
    name: 'aimass_watch_restarts_total',
    help: 'How often a watch was opened again, by cause.',
    labelNames: ['kind', 'cause'],
    registers,
  }),
  cachedObjects: new Gauge({
    name: 'aimass_cached_objects',
    help: 'Objects in the watch cache.',
    labelNames: ['kind'],
    registers,
  }),
  objects: new Gauge({
    name: 'aimass_objects',
    help: 'Models and InferenceServices by their condition Ready, its reason, and whether a person has to act.',
    labelNames: ['kind', 'namespace', 'ready', 'reason', 'stalled'],
    registers,
  }),
});

const apiMetrics = (registers: Registry[]): Pick<Metrics, 'apiRequests' | 'apiDuration' | 'apiThrottled'> => ({
  apiRequests: new Counter({
    name: 'aimass_api_requests_total',
    help: 'Requests to the API server; code "error" means no answer.',
    labelNames: ['verb', 'resource', 'code'],
    registers,
  }),
  apiDuration: new Histogram({
    name: 'aimass_api_request_duration_seconds',
    help: 'Time from sending a request to its whole answer.',
    labelNames: ['verb'],
    buckets: SECONDS,
    registers,
  }),
  apiThrottled: new Counter({
    name: 'aimass_api_throttled_total',
    help: 'Answers 429 and 503 that were waited out.',
    registers,
  }),
});
