import type { Session } from '../engine/engine.ts';
import { encodeInferResponse } from '../protocol/v2-response.ts';
import type { Tensor } from '../protocol/tensor.ts';
import type { Findings } from './messages.ts';
import { percentile, roundFigure } from './percentile.ts';

const WARM_UP_RUNS = 3;
const MIN_RUNS = 5;
const MAX_RUNS = 20_000;
const PARALLEL = 4;

/** One request to measure with. */
export interface Sample {
  inputs: readonly Tensor[];
  outputNames: readonly string[];
}

/** Runs a request and writes its answer out, as serving does. */
async function answerOnce(session: Session, { inputs, outputNames }: Sample): Promise<void> {
  const outputs = await session.run(inputs, outputNames);
  // An answer that JSON cannot carry took its time all the same.
  try {
    encodeInferResponse({ modelName: 'm', modelVersion: '1', outputs });
  } catch {
    return;
  }
}

/** Measures latency one at a time, then how many requests a second get through; each takes half of the time given. */
export async function measure(session: Session, sample: Sample, seconds: number): Promise<Findings> {
  for (let run = 0; run < WARM_UP_RUNS; run += 1) await answerOnce(session, sample);
  const halfMs = (seconds * 1000) / 2;
  const latencies = await measureLatencies(session, sample, halfMs);
  return {
    latencyMs: { p50: roundFigure(percentile(latencies, 0.5)), p99: roundFigure(percentile(latencies, 0.99)) },
    maxRequestsPerSecond: roundFigure(await measureRate(session, sample, halfMs)),
  };
}

async function measureLatencies(session: Session, sample: Sample, forMs: number): Promise<number[]> {
  const latencies: number[] = [];
  const until = performance.now() + forMs;
  while (latencies.length < MIN_RUNS || (performance.now() < until && latencies.length < MAX_RUNS)) {
    const startedAt = performance.now();
    await answerOnce(session, sample);
    latencies.push(performance.now() - startedAt);
  }
  return latencies;
}

async function measureRate(session: Session, sample: Sample, forMs: number): Promise<number> {
  let answered = 0;
  const startedAt = performance.now();
  const worker = async () => {
    do {
      await answerOnce(session, sample);
      answered += 1;
    } while (performance.now() - startedAt < forMs);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return answered / ((performance.now() - startedAt) / 1000);
}
