import { directionOf, findMetric } from '../log-lines/names.ts';
import { withPoint, type Curve, type Rank } from './curve.ts';
import { epochsDone, placeOf } from './position.ts';
import type { ProgressState } from './state.ts';

type Values = Readonly<Record<string, number>>;

const MOST_METRICS = 32;

/** The metrics after more of them were read. */
export function withMetrics(state: ProgressState, values: Values): Pick<ProgressState, 'latest' | 'best' | 'curve'> {
  if (Object.keys(values).length === 0) return { latest: state.latest, best: state.best, curve: state.curve };
  const latest = firstOnes({ ...state.latest, ...values });
  const objective = objectiveName(state, latest);
  const best = { ...state.best };
  let curve = withStepOf(state, { ...values }, (name) => rankOf(name, objective));
  for (const [name, value] of Object.entries(values)) {
    if (!(name in latest) || !isBetter(value, best[name], goalOf(state, name, objective))) continue;
    best[name] = value;
    if (name === (objective ?? mainMetric(latest))) curve = { ...curve, bestStep: curve.points.at(-1)?.step ?? 0 };
  }
  return { latest, best, curve };
}

/** The name under which the program prints the objective. */
export const objectiveName = ({ options }: ProgressState, values: Values): string | undefined =>
  options.objective === undefined ? undefined : findMetric(Object.keys(values), options.objective.metric);

type Goal = 'minimize' | 'maximize' | undefined;

const goalOf = ({ options }: ProgressState, name: string, objective: string | undefined): Goal =>
  name === objective ? options.objective?.goal : directionOf(name);

function isBetter(value: number, best: number | undefined, goal: Goal): boolean {
  if (goal === undefined) return false;
  if (best === undefined) return true;
  return goal === 'minimize' ? value < best : value > best;
}

/** Without an objective the best point is that of the validation loss, else of any loss, else of whatever has a best. */
function mainMetric(values: Values): string | undefined {
  const names = Object.keys(values);
  return (
    findMetric(names, 'val_loss') ?? findMetric(names, 'loss') ?? names.find((name) => directionOf(name) !== undefined)
  );
}

/** The objective is drawn before all others, and what has a direction before what has none. */
function rankOf(name: string, objective: string | undefined): number {
  if (name === objective) return 0;
  return directionOf(name) === undefined ? 2 : 1;
}

/** Metrics are drawn over steps of the whole training where these are told, else over epochs, else one after the other. */
function withStepOf(state: ProgressState, values: Record<string, number>, rank: Rank): Curve {
  const step = curveStep(state) ?? (state.curve.points.at(-1)?.step ?? 0) + 1;
  return withPoint(state.curve, { step, values }, rank);
}

function curveStep(state: ProgressState): number | undefined {
  const { steps, epoch, firstEpoch } = state;
  if (steps !== undefined && (epoch === undefined || placeOf(state).step === steps.number)) return steps.number;
  // What is printed inside of an epoch belongs to that epoch; the last values of it stay.
  return epoch?.isRunning === true ? epoch.number - firstEpoch + 1 : epochsDone(state);
}

const firstOnes = (values: Values): Values => {
  const entries = Object.entries(values);
  return entries.length <= MOST_METRICS ? values : Object.fromEntries(entries.slice(0, MOST_METRICS));
};
