import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** From half a millisecond to half a minute: what inference takes, from trees to large networks. */
const SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];

/** The metrics of docs/reference/pod-contract.md. */
export interface Metrics {
  registry: Registry;
  requests: Counter<'model' | 'code'>;
  durationSeconds: Histogram<'model'>;
  inFlight: Gauge<'model'>;
}

/** Makes the metrics in a registry of their own. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  // Ten samples a second of the event loop's lag: the default of a hundred costs half a percent of a core for ever.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  return {
    registry,
    requests: new Counter({
      name: 'aimass_requests_total',
      help: 'Answered inference requests by HTTP status.',
      labelNames: ['model', 'code'],
      registers,
    }),
    durationSeconds: new Histogram({
      name: 'aimass_request_duration_seconds',
      help: "Seconds from the request's last byte read to the answer's last byte written.",
      labelNames: ['model'],
      buckets: SECONDS,
      registers,
    }),
    inFlight: new Gauge({
      name: 'aimass_requests_in_flight',
      help: 'Inference requests being answered now.',
      labelNames: ['model'],
      registers,
    }),
  };
}
