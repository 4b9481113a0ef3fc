import { Registry, collectDefaultMetrics } from 'prom-client';
import type { MetricObjectWithValues, MetricValue } from 'prom-client';
import type { Buckets } from '../serving/duration-histogram.ts';
import type { ModelMeter } from '../serving/model-meter.ts';

/** What is read of each model when somebody scrapes. */
export interface MeteredModel {
  name: string;
  version: string;
  meter: ModelMeter;
  /** True while it is loaded. */
  isLoaded: boolean;
  residentBytes: number;
  cpuSeconds: number;
}

type Labels = Record<string, string | number>;
type Values = Omit<MetricObjectWithValues<MetricValue<string>>, 'collect'>;

const labelsOf = ({ name, version }: MeteredModel): Labels => ({ model: name, version });

/** One number of each model. */
interface Reading {
  name: string;
  help: string;
  type: 'counter' | 'gauge';
  read: (model: MeteredModel) => { labels?: Labels; value: number }[];
}

const one = (value: number) => [{ value }];
const READINGS: readonly Reading[] = [
  {
    name: 'aimass_requests_total',
    help: 'Answered requests by HTTP status, whatever the transport.',
    type: 'counter',
    read: ({ meter }) => [...meter.requests].map(([code, value]) => ({ labels: { code }, value })),
  },
  {
    name: 'aimass_requests_in_flight',
    help: 'Requests being answered now.',
    type: 'gauge',
    read: ({ meter }) => one(meter.inFlight),
  },
  {
    name: 'aimass_rows_total',
    help: 'Rows (first dimension of the input) that were inferred.',
    type: 'counter',
    read: ({ meter }) => one(meter.rows),
  },
  {
    name: 'aimass_model_loaded',
    help: '1 while the model is loaded, else 0.',
    type: 'gauge',
    read: ({ isLoaded }) => one(isLoaded ? 1 : 0),
  },
  {
    name: 'aimass_model_memory_bytes',
    help: 'Resident memory of the processes that hold the model.',
    type: 'gauge',
    read: ({ residentBytes }) => one(residentBytes),
  },
  {
    name: 'aimass_model_cpu_seconds_total',
    help: 'CPU time of the processes that hold the model.',
    type: 'counter',
    read: ({ cpuSeconds }) => one(cpuSeconds),
  },
  {
    name: 'aimass_model_loads_total',
    help: 'How often the model was loaded.',
    type: 'counter',
    read: ({ meter }) => one(meter.loads),
  },
  {
    name: 'aimass_model_restarts_total',
    help: 'How often the process of the model was lost and started again.',
    type: 'counter',
    read: ({ meter }) => one(meter.restarts),
  },
];

const HISTOGRAMS: readonly { name: string; help: string; of: (meter: ModelMeter) => Buckets }[] = [
  {
    name: 'aimass_request_duration_seconds',
    help: "Seconds from the request's last byte read to the answer's last byte written.",
    of: ({ stages }) => stages.request,
  },
  {
    name: 'aimass_preprocess_duration_seconds',
    help: 'Seconds from the input of a task to tensors: images decoded, texts tokenized.',
    of: ({ stages }) => stages.preprocess,
  },
  {
    name: 'aimass_decode_duration_seconds',
    help: 'Seconds to check and type the tensors of a request.',
    of: ({ stages }) => stages.decode,
  },
  {
    name: 'aimass_queue_duration_seconds',
    help: 'Seconds that a request waited for the engine.',
    of: ({ stages }) => stages.queue,
  },
  {
    name: 'aimass_compute_duration_seconds',
    help: 'Seconds of one run inside the engine.',
    of: ({ stages }) => stages.compute,
  },
  {
    name: 'aimass_transfer_duration_seconds',
    help: 'Seconds of one run beside the engine: to the process of the model and back.',
    of: ({ stages }) => stages.transfer,
  },
  { name: 'aimass_encode_duration_seconds', help: 'Seconds to write an answer.', of: ({ stages }) => stages.encode },
  {
    name: 'aimass_postprocess_duration_seconds',
    help: 'Seconds from tensors to the answer of a task.',
    of: ({ stages }) => stages.postprocess,
  },
  { name: 'aimass_batch_rows', help: 'Rows of one run of the engine.', of: ({ batchRows }) => batchRows },
];

/** A metric that is read when somebody scrapes, in the form that prom-client's registry takes. */
class ReadMetric {
  readonly name: string;
  readonly #get: () => Omit<Values, 'aggregator'>;

  constructor(name: string, get: () => Omit<Values, 'aggregator'>) {
    this.name = name;
    this.#get = get;
  }

  async get(): Promise<Values> {
    return { ...this.#get(), aggregator: 'sum' };
  }
}

/** Makes the registry of docs/reference/pod-contract.md over the meters of the models. */
export function createMetrics(models: () => readonly MeteredModel[]): Registry {
  const registry = new Registry();
  // Ten samples a second of the event loop's lag: the default of a hundred costs half a percent of a core for ever.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  const add = (name: string, get: () => Omit<Values, 'aggregator' | 'name'>) => {
    registry.registerMetric(new ReadMetric(name, () => ({ name, ...get() })) as never);
  };
  for (const { name, help, type, read } of READINGS) {
    add(name, () => ({
      help,
      type: type as never,
      values: models().flatMap((model) =>
        read(model).map(({ labels, value }) => ({ value, labels: { ...labelsOf(model), ...labels } })),
      ),
    }));
  }
  for (const { name, help, of } of HISTOGRAMS) {
    add(name, () => ({
      help,
      type: 'histogram' as never,
      values: models().flatMap((model) => histogramValues(name, of(model.meter), labelsOf(model))),
    }));
  }
  return registry;
}

function histogramValues(name: string, { bounds, counts, sum, count }: Buckets, labels: Labels) {
  let total = 0;
  const buckets = [...bounds, Infinity].map((bound, index) => {
    total += counts[index] ?? 0;
    return {
      value: total,
      labels: { ...labels, le: bound === Infinity ? '+Inf' : bound },
      metricName: `${name}_bucket`,
    };
  });
  return [
    ...buckets,
    { value: sum, labels, metricName: `${name}_sum` },
    { value: count, labels, metricName: `${name}_count` },
  ];
}
