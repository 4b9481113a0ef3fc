import { z } from 'zod';
import { timestamp } from '../../times.ts';
import type { TrainingJobSpec } from '../../../../crds/schema/training-job.ts';
import { curveOf, type ObjectiveValues } from './objective.ts';
import type { Search } from './search.ts';
import { pruned } from './settle-trial.ts';
import type { CurvePoint, TrialRecord } from './trial-record.ts';

/** What the suggest service is asked: everything that it needs to know, for it remembers nothing. */
export interface SuggestRequest {
  search: Search;
  trials: { number: number; parameters: object; state: string; value?: number; curve?: readonly CurvePoint[] }[];
  count: number;
}

/** What it answers. */
export const suggestAnswer = z.object({
  suggestions: z
    .array(z.object({ parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])) }))
    .max(100),
  prune: z.array(z.int().min(0)).max(2000),
  exhausted: z.boolean(),
});
export type SuggestAnswer = z.infer<typeof suggestAnswer>;

/** The values of trials that run, by their number. */
export type ValuesByTrial = ReadonlyMap<number, ObjectiveValues>;

/** The question for so many new trials; undefined when there is none to ask: no place is free, and nothing may be stopped early. */
export function suggestRequest(
  spec: TrainingJobSpec & { search: Search },
  trials: readonly TrialRecord[],
  { count, values }: { count: number; values: ValuesByTrial },
): SuggestRequest | undefined {
  const { search } = spec;
  const isJudged = search.earlyStopping !== undefined && [...values.values()].some(({ curve }) => curve.length > 0);
  if (count === 0 && !isJudged) return undefined;
  return {
    search: { ...search, seed: search.seed ?? spec.seed ?? 0 },
    trials: trials.map(({ number, parameters, state, value, curve }) => ({
      number,
      parameters,
      state,
      ...(value === undefined ? {} : { value }),
      ...curveMember(search, state === 'Running' ? curveOf(values.get(number) ?? { curve: [] }) : curve),
    })),
    count,
  };
}

const curveMember = ({ earlyStopping }: Search, curve: readonly CurvePoint[] | undefined) =>
  earlyStopping === undefined || curve === undefined || curve.length === 0 ? {} : { curve };

/** The trials after the answer: those that would not win are stopped, the suggestions become new ones. */
export function withAnswer(
  trials: readonly TrialRecord[],
  answer: SuggestAnswer,
  { search, count, values, now }: { search: Search; count: number; values: ValuesByTrial; now: Date },
): TrialRecord[] {
  const kept = trials.map((trial) =>
    trial.state === 'Running' && answer.prune.includes(trial.number)
      ? pruned(trial, search, { values: values.get(trial.number) ?? { curve: [] }, now })
      : trial,
  );
  const first = Math.max(-1, ...trials.map(({ number }) => number)) + 1;
  const fresh = answer.suggestions.slice(0, count).map(({ parameters }, index): TrialRecord => ({
    number: first + index,
    state: 'Running',
    parameters,
    attempt: 1,
    startedAt: timestamp(now),
  }));
  return [...kept, ...fresh];
}
