import type { InferenceServiceStatus } from '../../../crds/schema/inference-service.ts';

/** Live figures of a service, all pods together. */
export type Figures = NonNullable<InferenceServiceStatus['figures']>;

const WRITE_AT_MOST_EVERY_MS = 30_000;
const NOTICEABLE_SHARE = 0.1;
const MEBIBYTE = 2 ** 20;

/** Differences below these are noise, whatever share they are of. */
const Floor = {
  requestsPerSecond: 0.1,
  errorRate: 0.005,
  latencyMs: 1,
  inFlight: 2,
  cpu: 0.05,
  memoryBytes: 32 * MEBIBYTE,
} as const;

/** The figures to show: the old ones, until the new ones differ so much that the difference is worth a write. */
export function decideFigures(shown: Figures | undefined, fresh: Figures | undefined, now: Date): Figures | undefined {
  if (fresh === undefined) return shown;
  if (shown === undefined) return rounded(fresh);
  const ageMs = now.getTime() - new Date(shown.observedAt).getTime();
  return ageMs >= WRITE_AT_MOST_EVERY_MS && differsNoticeably(shown, fresh) ? rounded(fresh) : shown;
}

/** Whether somebody who looks at the figures would want to know. */
const differsNoticeably = (shown: Figures, fresh: Figures): boolean =>
  (shown.latencyMs === undefined) !== (fresh.latencyMs === undefined) ||
  numbersOf(shown).some(([was, floor], index) => {
    const is = numbersOf(fresh)[index]?.[0] ?? 0;
    const difference = Math.abs(is - was);
    return difference > floor && difference > NOTICEABLE_SHARE * Math.max(Math.abs(is), Math.abs(was));
  });

const numbersOf = (figures: Figures): [number, number][] => [
  [figures.requestsPerSecond, Floor.requestsPerSecond],
  [figures.errorRate, Floor.errorRate],
  [figures.latencyMs?.p50 ?? 0, Floor.latencyMs],
  [figures.latencyMs?.p99 ?? 0, Floor.latencyMs],
  [figures.inFlight, Floor.inFlight],
  [figures.cpu, Floor.cpu],
  [figures.memoryBytes, Floor.memoryBytes],
];

function rounded(figures: Figures): Figures {
  const { latencyMs } = figures;
  return {
    observedAt: figures.observedAt,
    requestsPerSecond: twoDigits(figures.requestsPerSecond),
    errorRate: twoDigits(figures.errorRate),
    ...(latencyMs === undefined ? {} : { latencyMs: { p50: twoDigits(latencyMs.p50), p99: twoDigits(latencyMs.p99) } }),
    inFlight: figures.inFlight,
    cpu: twoDigits(figures.cpu),
    memoryBytes: twoDigits(figures.memoryBytes),
  };
}

const twoDigits = (value: number): number => Number(value.toPrecision(2));
