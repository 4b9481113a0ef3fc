import { etaSeconds } from './eta.ts';
import { objectiveName } from './metrics.ts';
import { oddWords } from './odd-values.ts';
import { fractionOf, placeOf } from './position.ts';
import { seriesOf } from './curve.ts';
import type { Metrics, Progress, ProgressState } from './state.ts';

const LONGEST_NOTE = 512;

/** `status.progress`; undefined until something was read. */
export function progressOf(state: ProgressState, nowMs: number): Progress | undefined {
  if (state.atMs === undefined) return state.restored;
  const { step, total } = placeOf(state);
  const fraction = fractionOf(state);
  const eta = fraction === undefined ? undefined : etaSeconds(state.samples, { fraction, atMs: state.atMs }, nowMs);
  return defined({
    percent: fraction === undefined ? undefined : Math.floor(fraction * 1000) / 10,
    step: step === undefined ? undefined : Math.round(step * 100) / 100,
    total,
    etaSeconds: eta,
    observedAt: `${new Date(nowMs).toISOString().slice(0, 19)}Z`,
  });
}

/** `status.metrics`; undefined until a metric was read. `words` are further remarks, such as that lines were skipped. */
export function metricsOf(state: ProgressState, words: readonly string[] = []): Metrics | undefined {
  const note = [...oddWords(state.odd), ...words].join(' ').slice(0, LONGEST_NOTE);
  if (Object.keys(state.latest).length === 0 && note === '') return undefined;
  return defined({
    latest: orNothing(state.latest),
    best: orNothing(state.best),
    curve: state.curve.points.length === 0 ? undefined : [...state.curve.points],
    note: note === '' ? undefined : note,
  });
}

const orNothing = (values: Readonly<Record<string, number>>): Record<string, number> | undefined =>
  Object.keys(values).length === 0 ? undefined : { ...values };

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Leaves out what is not known. */
const defined = <T extends object>(values: T): Defined<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;

/** How the objective of a search went in one trial. */
export interface ObjectiveValues {
  /** The last value. */
  latest?: number;
  best?: number;
  /** Values by step or epoch. */
  curve: [step: number, value: number][];
}

/** The values of the objective; empty when there is none, or it was not printed. */
export function objectiveValues(state: ProgressState): ObjectiveValues {
  const name = objectiveName(state, state.latest);
  if (name === undefined) return { curve: [] };
  return {
    ...defined({ latest: state.latest[name], best: state.best[name] }),
    curve: seriesOf(state.curve, name),
  };
}
