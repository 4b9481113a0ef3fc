import type { HostedModel } from './hosted-model.ts';
import type { Tally } from './model-meter.ts';
import type { ModelStatistics, StatisticDuration } from './plane.ts';

const NANOSECONDS = 1e6;
const NOTHING: StatisticDuration = { count: 0, ns: 0 };

const duration = ({ count, ms }: Tally): StatisticDuration => ({ count, ns: Math.round(ms * NANOSECONDS) });

/** The figures of a model under Triton's names. */
export function describeStatistics({ at, meter }: HostedModel): ModelStatistics {
  const { tallies, batches } = meter;
  return {
    name: at.name,
    version: at.version,
    last_inference: meter.lastInferenceAt,
    inference_count: meter.rows,
    execution_count: meter.batchRows.count,
    inference_stats: {
      success: duration(tallies.success),
      fail: duration(tallies.fail),
      queue: duration(tallies.queue),
      compute_input: duration(tallies.input),
      compute_infer: duration(tallies.infer),
      compute_output: duration(tallies.output),
      cache_hit: NOTHING,
      cache_miss: NOTHING,
    },
    batch_stats: [...batches].map(([rows, tally]) => ({
      batch_size: rows,
      compute_input: { count: tally.count, ns: 0 },
      compute_infer: duration(tally),
      compute_output: { count: tally.count, ns: 0 },
    })),
  };
}
