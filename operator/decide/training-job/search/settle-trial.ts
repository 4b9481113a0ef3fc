import { TrainingReason } from '../../../../crds/schema/reasons.ts';
import type { TrainingJobSpec } from '../../../../crds/schema/training-job.ts';
import { timestamp } from '../../times.ts';
import { asSentence } from '../../words.ts';
import type { Attempt } from '../attempt.ts';
import { isRestartable, type Failure } from '../failure.ts';
import { curveOf, objectiveOf, type ObjectiveValues } from './objective.ts';
import type { Search } from './search.ts';
import type { TrialRecord } from './trial-record.ts';
import { readAgainInMs, unreadMessage, type Unread } from './unread-output.ts';

/** What is known of a trial that runs. */
export interface TrialFacts {
  attempt: Attempt;
  values: ObjectiveValues;
  /** Why these are not all. */
  unread?: Unread | undefined;
  now: Date;
}

/** A ledger has to hold thousands of them. */
const LONGEST_MESSAGE = 300;

/** The trial after what is known of it: it goes on, is tried again, or has ended. */
export function settleTrial(
  record: TrialRecord,
  spec: TrainingJobSpec & { search: Search },
  facts: TrialFacts,
): TrialRecord {
  const { attempt, unread, now } = facts;
  if (unread !== undefined && readAgainInMs(unread, now) !== undefined) return record;
  if (attempt.state === 'succeeded') return succeeded(record, spec.search, { ...facts, result: attempt.result });
  if (attempt.state !== 'failed') return record;
  const { failure } = attempt;
  return isWorthAnotherTry(record, failure, spec)
    ? { ...record, attempt: record.attempt + 1, ...worded(failure) }
    : ended(record, spec.search, { ...facts, state: 'Failed', ...worded(failure) });
}

/** The trial as it is when it is stopped because it would not win. */
export const pruned = (record: TrialRecord, search: Search, facts: Omit<TrialFacts, 'attempt'>): TrialRecord => ({
  ...ended(record, search, { ...facts, state: 'Pruned' }),
  ...(facts.values.latest !== undefined && Number.isFinite(facts.values.latest) ? { value: facts.values.latest } : {}),
});

function succeeded(
  record: TrialRecord,
  search: Search,
  facts: TrialFacts & { result: Record<string, unknown> | undefined },
): TrialRecord {
  const value = objectiveOf(search, facts.result, facts.values);
  if (value !== undefined) return { ...ended(record, search, { ...facts, state: 'Succeeded' }), value };
  const message = facts.unread === undefined ? silent(record, search) : unreadMessage(record, search, facts.unread);
  return ended(record, search, { ...facts, state: 'Failed', reason: TrainingReason.ObjectiveMissing, message });
}

const silent = ({ number }: TrialRecord, { objective: { metric } }: Search): string =>
  `Trial ${number} ended well, but never told "${metric}"; have it print lines such as "${metric}=0.9", or correct spec.search.objective.metric.`;

interface End extends Omit<TrialFacts, 'attempt' | 'unread'> {
  state: Exclude<TrialRecord['state'], 'Running'>;
  reason?: string;
  message?: string;
}

function ended(record: TrialRecord, search: Search, { state, values, now, reason, message }: End): TrialRecord {
  const { reason: _reason, message: _message, ...rest } = record;
  const curve = search.earlyStopping === undefined ? [] : curveOf(values);
  return {
    ...rest,
    state,
    finishedAt: timestamp(now),
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    ...(curve.length === 0 ? {} : { curve }),
  };
}

const worded = ({ reason, message }: Failure) => ({ reason, message: asSentence(message).slice(0, LONGEST_MESSAGE) });

/** As for a training without a search: each trial has its own restarts. */
const isWorthAnotherTry = ({ attempt }: TrialRecord, failure: Failure, spec: TrainingJobSpec): boolean =>
  attempt <= spec.maxRestarts && isRestartable(failure, spec);
