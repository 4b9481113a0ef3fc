import type { TimedReading } from '../log-lines/read-chunk.ts';
import { withSample } from './eta.ts';
import { withMetrics } from './metrics.ts';
import { withOdd } from './odd-values.ts';
import { advance, fractionOf } from './position.ts';
import type { ProgressState } from './state.ts';

/** Adds a reading to what is known. */
export function fold(state: ProgressState, reading: TimedReading): ProgressState {
  const { epoch: _epoch, part: _part, steps: _steps, ...rest } = state;
  const moved: ProgressState = {
    ...rest,
    ...advance(state, reading),
    atMs: reading.atMs,
    readings: state.readings + 1,
  };
  const fraction = fractionOf(moved);
  const samples = fraction === undefined ? state.samples : withSample(state.samples, { atMs: reading.atMs, fraction });
  return { ...moved, samples, ...withMetrics(moved, reading.metrics), odd: withOdd(moved, reading) };
}

/** Adds what a piece of a log says. */
export const foldAll = (state: ProgressState, readings: readonly TimedReading[]): ProgressState =>
  readings.reduce(fold, state);
