import { createEchoEngine } from '../engine/echo-engine.ts';
import type { EchoOptions } from '../engine/echo-engine.ts';
import type { Engine } from '../engine/engine.ts';
import { createMetrics } from '../metrics/metrics.ts';
import type { GoldenExample } from '../protocol/golden.ts';
import { DataPlane } from '../serving/data-plane.ts';
import { HostedModel } from '../serving/hosted-model.ts';
import type { RunnerLimits } from '../serving/model-runner.ts';
import { holdOneModel } from '../serving/one-model.ts';

/** What a test may want otherwise. */
interface EchoPlaneOptions extends EchoOptions {
  /** Another engine than the echo. */
  engine?: Engine;
  golden?: readonly GoldenExample[];
  labels?: readonly string[];
  limits?: Partial<RunnerLimits>;
  maxBatchRows?: number;
}

const LIMITS: RunnerLimits = { instances: 1, maxDelayMs: 0, maxQueue: 1000, maxQueueBytes: 2 ** 28 };

/** The real data plane over one model named "iris", which gives its inputs back; not loaded yet. */
export function createEchoPlane({ engine, golden = [], labels = [], ...options }: EchoPlaneOptions) {
  const at = {
    name: 'iris',
    version: '1',
    modelPath: '',
    directory: '',
    task: 'custom',
    revision: 'r1',
    labels,
    readGolden: async () => [...golden],
  };
  const model = new HostedModel(at, {
    engine: engine ?? createEchoEngine(options),
    open: {},
    limits: { ...LIMITS, ...options.limits },
    maxBatchRows: options.maxBatchRows ?? 1,
    onEvent: () => {},
  });
  const plane = new DataPlane({ version: '9.9', ...holdOneModel(model), instances: 1 });
  const registry = createMetrics(() => [
    { ...model.at, meter: model.meter, isLoaded: model.state === 'ready', residentBytes: 0, cpuSeconds: 0 },
  ]);
  return { model, plane, registry };
}
