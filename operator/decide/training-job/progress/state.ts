import type { TrainingJobStatus } from '../../../../crds/schema/training/status.ts';
import type { EpochMark } from '../log-lines/reading.ts';
import { restoreCurve, type Curve } from './curve.ts';
import type { RateSample } from './eta.ts';
import type { Totals } from './totals.ts';

export type Progress = NonNullable<TrainingJobStatus['progress']>;
export type Metrics = NonNullable<TrainingJobStatus['metrics']>;

/** What is to be minimised or maximised, by the name that the user gave it. */
interface Objective {
  metric: string;
  goal: 'minimize' | 'maximize';
}

/** What is known beforehand. */
export interface ProgressOptions {
  objective?: Objective;
  totals?: Totals;
}

/** The bar, or the steps, that seem to count the whole training. */
export interface Steps {
  number: number;
  of?: number;
  /** What counts them: a bar counts less than steps that are told as such. */
  source: 'told' | 'bar';
  /** They have started over: they count a part. */
  isPart: boolean;
}

/** What is known of one training. Never changed in place. */
export interface ProgressState {
  options: ProgressOptions;
  epoch?: EpochMark;
  /** The smallest epoch that was seen: 0 when the program counts from 0. */
  firstEpoch: 0 | 1;
  /** Place inside the epoch. */
  part?: { number: number; of?: number };
  steps?: Steps;
  samples: readonly RateSample[];
  latest: Readonly<Record<string, number>>;
  best: Readonly<Record<string, number>>;
  curve: Curve;
  /** Since when a metric is no number, by its name. */
  odd: Readonly<Record<string, { value: string; since: string }>>;
  /** When the last reading was printed. */
  atMs?: number;
  /** What status said when the operator started: shown until something newer is read. */
  restored?: Progress;
  /** How many readings there were. */
  readings: number;
}

/** A training of which nothing is known yet, or only what status says of it. */
export function startProgress(
  options: ProgressOptions = {},
  status: Pick<TrainingJobStatus, 'progress' | 'metrics'> = {},
): ProgressState {
  const { progress, metrics } = status;
  return {
    options,
    firstEpoch: 1,
    samples: [],
    latest: metrics?.latest ?? {},
    best: metrics?.best ?? {},
    curve: restoreCurve(metrics?.curve ?? []),
    odd: {},
    readings: 0,
    ...(progress === undefined ? {} : { restored: progress }),
  };
}
