import { TrainingReason } from '../../../../crds/schema/reasons.ts';
import type { Problem } from '../../../decide/problem.ts';
import { freePlaces } from '../../../decide/training-job/search/budget.ts';
import {
  suggestRequest,
  withAnswer,
  type SuggestAnswer,
  type ValuesByTrial,
} from '../../../decide/training-job/search/suggest-exchange.ts';
import type { TrialRecord } from '../../../decide/training-job/search/trial-record.ts';
import { asSentence } from '../../../decide/words.ts';
import type { SearchContext } from './context.ts';

/** What the trials become after the suggest service was asked. */
export interface Asked {
  trials: readonly TrialRecord[];
  /** Every point of the space was tried. */
  isExhausted?: boolean;
  problem?: Problem;
  /** Why the search cannot go on at all. */
  invalid?: string;
}

const AGAIN_MS = 30_000;

/** Asks for new trials where places are free, and for those to stop early; nothing when neither is. */
export async function askForTrials(
  context: SearchContext,
  trials: readonly TrialRecord[],
  values: ValuesByTrial,
): Promise<Asked> {
  const { job, run, now, suggest } = context;
  const count = freePlaces(job.spec.search, trials, now);
  const request = suggestRequest(job.spec, trials, { count, values });
  if (request === undefined) return { trials };
  const suggestion = await suggest(`${job.metadata.namespace}/${job.metadata.name}/${run}`, request);
  switch (suggestion.kind) {
    case 'answer':
      return answered(context, suggestion.answer, { trials, count, values });
    case 'invalid':
      return { trials, invalid: suggestion.message };
    case 'unavailable':
      return { trials, problem: unavailable(suggestion.message, suggestion.againInMs) };
    case 'none':
      return { trials, problem: noService };
  }
}

interface Question {
  trials: readonly TrialRecord[];
  count: number;
  values: ValuesByTrial;
}

function answered({ job, now }: SearchContext, answer: SuggestAnswer, { trials, count, values }: Question): Asked {
  const next = withAnswer(trials, answer, { search: job.spec.search, count, values, now });
  const isSilent = count > 0 && answer.suggestions.length === 0 && !answer.exhausted;
  return { trials: next, isExhausted: answer.exhausted, ...(isSilent ? { problem: nothingSuggested } : {}) };
}

const unavailable = (message: string, againInMs: number): Problem => ({
  reason: TrainingReason.SuggestUnavailable,
  message: `The suggest service gives no new trials: ${asSentence(message)} It is asked again; see the pods of Deployment "aimass-suggest".`,
  stalled: false,
  againInMs,
});

const noService: Problem = {
  reason: TrainingReason.SuggestUnavailable,
  message: 'spec.search needs the suggest service, which this installation has not; have the platform team enable it.',
  stalled: true,
};

const nothingSuggested = unavailable('it knows of none, and does not say that all were tried', AGAIN_MS);
