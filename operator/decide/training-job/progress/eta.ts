import { median } from './median.ts';

/** How much was done at a moment. */
export interface RateSample {
  atMs: number;
  fraction: number;
}

const MOST_SAMPLES = 24;
const SHORTEST_MS = 1000;

/** Remembers how much is done; samples get sparser as time goes by, so that they span pauses such as evaluations. */
export function withSample(samples: readonly RateSample[], next: RateSample): readonly RateSample[] {
  const last = samples.at(-1);
  if (last === undefined) return [next];
  if (next.fraction < last.fraction || next.atMs < last.atMs) return [next];
  if (next.fraction === last.fraction || next.atMs - last.atMs < spacing(samples)) return samples;
  const all = [...samples, next];
  return all.length <= MOST_SAMPLES ? all : all.filter((_, index) => index % 2 === 0 || index === all.length - 1);
}

/** Half of what the samples are apart on average, so that a steady training keeps adding some. */
function spacing(samples: readonly RateSample[]): number {
  const [first, last] = [samples.at(0), samples.at(-1)];
  if (first === undefined || last === undefined || samples.length < MOST_SAMPLES / 2) return SHORTEST_MS;
  return Math.max(SHORTEST_MS, (last.atMs - first.atMs) / samples.length / 2);
}

/** Fractions a second, as the median of those between neighbouring samples: one long pause does not count for much. */
function rateOf(samples: readonly RateSample[]): number | undefined {
  const rates = samples.slice(1).map((sample, index) => {
    const before = samples[index] ?? sample;
    return (sample.fraction - before.fraction) / ((sample.atMs - before.atMs) / 1000);
  });
  return median(rates.filter((rate) => Number.isFinite(rate) && rate > 0));
}

/** Seconds that are left after so much was done at a moment; undefined until two moments are known. */
export function etaSeconds(samples: readonly RateSample[], last: RateSample, nowMs: number): number | undefined {
  if (last.fraction >= 1) return 0;
  const rate = rateOf(samples);
  if (rate === undefined) return undefined;
  const left = (1 - last.fraction) / rate;
  const passed = Math.max(0, (nowMs - last.atMs) / 1000);
  // A step that takes longer than expected must not count down to nothing.
  return Math.round(Math.max(left - passed, left / 2));
}
