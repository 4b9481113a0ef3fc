import type { Reading } from '../log-lines/reading.ts';
import { placeOf } from './position.ts';
import type { ProgressState } from './state.ts';

type Odd = ProgressState['odd'];

const MOST_NAMES = 8;

/** Remembers since when metrics are no numbers; one that is a number again is forgotten. */
export function withOdd(state: ProgressState, { metrics, odd = {} }: Reading): Odd {
  if (Object.keys(state.odd).length === 0 && Object.keys(odd).length === 0) return state.odd;
  const kept = Object.entries(state.odd).filter(([name]) => metrics[name] === undefined);
  const since = placeOf(state).step;
  const added = Object.entries(odd)
    .filter(([name]) => state.odd[name] === undefined)
    .map(
      ([name, value]) =>
        [name, { value, since: since === undefined ? 'it was first read' : stepName(state, since) }] as const,
    );
  return Object.fromEntries([...kept, ...added].slice(0, MOST_NAMES));
}

const stepName = ({ steps, epoch }: ProgressState, at: number): string =>
  epoch !== undefined && (steps === undefined || at !== steps.number)
    ? `epoch ${Math.ceil(at)}`
    : `step ${Math.round(at)}`;

/** What is odd about the metrics, in a sentence each. */
export const oddWords = (odd: Odd): string[] =>
  Object.entries(odd).map(([name, { value, since }]) => `${name} is ${value} since ${since}.`);
