import { describe, expect, test } from '@jest/globals';
import { trainingJobSpec } from '../../../../crds/schema/training-job.ts';
import { bestTrial } from './best-trial.ts';
import { deadlineOf, endOfBudget, freePlaces } from './budget.ts';
import { curveOf, objectiveOf } from './objective.ts';
import type { Search } from './search.ts';
import { settleTrial } from './settle-trial.ts';
import { chunkOf, formatRecords, parseRecords, type TrialRecord } from './trial-record.ts';
import { trialsStatus } from './trials-status.ts';

const START = '2026-01-01T00:00:00Z';
const now = new Date('2026-01-01T01:00:00Z');

function specOf(search: object = {}, rest: object = {}) {
  const spec = trainingJobSpec.parse({
    image: 'train:1',
    search: {
      objective: { metric: 'val_accuracy', goal: 'maximize' },
      parameters: [{ name: 'x', type: 'int', min: 0, max: 9 }],
      maxTrials: 4,
      parallelTrials: 3,
      ...search,
    },
    ...rest,
  });
  return { ...spec, search: spec.search as Search };
}

const trial = (number: number, rest: Partial<TrialRecord> = {}): TrialRecord => ({
  number,
  state: 'Running',
  parameters: { x: number },
  attempt: 1,
  startedAt: START,
  ...rest,
});
const failed = (number: number) => trial(number, { state: 'Failed' });

describe('records', () => {
  const full = trial(7, {
    state: 'Pruned',
    parameters: { x: 1, name: 'a "b"\nc', deep: false },
    finishedAt: START,
    value: 0.5,
    reason: 'NodeLost',
    message: 'Gone.',
    curve: [
      [1, 0.5],
      [2, null],
    ],
  });

  test('come back as they were, by number, one a line', () => {
    const text = formatRecords([full, trial(2)]);
    expect(text.split('\n')).toHaveLength(3);
    expect(parseRecords(text)).toEqual([trial(2), full]);
  });

  test.each([
    { name: 'no JSON', text: 'hello' },
    { name: 'another state', text: JSON.stringify({ ...full, state: 'Lost' }) },
    { name: 'no parameters', text: '{"number":1,"state":"Running"}' },
  ])('$name is no record, and is told with its line', ({ text }) => {
    expect(() => parseRecords(`${formatRecords([trial(0)])}${text}\n`)).toThrow('line 2 is no trial');
  });

  test('a hundred stand together', () => {
    expect([0, 99, 100, 1999].map((number) => chunkOf({ number }))).toEqual([0, 0, 1, 19]);
  });
});

describe('the objective', () => {
  const { search } = specOf();
  test.each([
    { name: 'as it is called', metrics: { val_accuracy: 0.9, accuracy: 0.99 }, want: 0.9 },
    { name: 'as others write it', metrics: { 'Val-Accuracy': 0.9 }, want: 0.9 },
    { name: 'not another metric', metrics: { loss: 0.1 }, want: 0.3 },
    { name: 'no number', metrics: { val_accuracy: 'good' }, want: 0.3 },
  ])('reported: $name', ({ metrics, want }) => {
    expect(objectiveOf(search, { metrics }, { latest: 0.3, curve: [] })).toBe(want);
  });

  test('steps become whole, and each is told once', () => {
    expect(
      curveOf({
        curve: [
          [0.6, 1],
          [1, 2],
          [2, Number.POSITIVE_INFINITY],
        ],
      }),
    ).toEqual([
      [1, 2],
      [2, null],
    ]);
  });
});

describe('the budget', () => {
  test.each([
    { name: 'none started', search: {}, trials: [], places: 3, ended: undefined },
    { name: 'one runs', search: {}, trials: [trial(0)], places: 2, ended: undefined },
    { name: 'nearly all started', search: {}, trials: [failed(0), failed(1), failed(2)], places: 1, ended: undefined },
    {
      name: 'all started',
      search: {},
      trials: [0, 1, 2, 3].map((number) => trial(number)),
      places: 0,
      ended: 'All trials were started; spec.search.maxTrials is 4.',
    },
    {
      name: 'too many failed',
      search: { maxFailedTrials: 0 },
      trials: [failed(0)],
      places: 0,
      ended: '1 trials failed; spec.search.maxFailedTrials is 0.',
    },
    { name: 'time is left', search: { timeout: '61m' }, trials: [trial(0)], places: 2, ended: undefined },
    {
      name: 'no time is left',
      search: { timeout: '1h' },
      trials: [trial(0)],
      places: 0,
      ended: 'The search has lasted as long as spec.search.timeout allows (1h).',
    },
  ])('$name', ({ search, trials, places, ended }) => {
    expect(freePlaces(specOf(search).search, trials, now)).toBe(places);
    expect(endOfBudget(specOf(search).search, trials, now)).toBe(ended);
  });

  test('the time counts from the first trial', () => {
    const { search } = specOf({ timeout: '1h' });
    expect(deadlineOf(search, [])).toBeUndefined();
    expect(deadlineOf(search, [trial(1, { startedAt: '2026-01-02T00:00:00Z' }), trial(0)])).toEqual(now);
  });
});

describe('a trial that failed', () => {
  const facts = (failure: { cause: 'infrastructure' | 'killed' | 'program'; reason: string; retryable?: boolean }) => ({
    attempt: { state: 'failed' as const, failure: { message: 'Why', ...failure }, data: [] },
    values: { curve: [] },
    now,
  });
  test.each([
    { name: 'by a lost node', failure: { cause: 'infrastructure', reason: 'NodeLost' }, want: 'Running 2' },
    { name: 'by a kill', failure: { cause: 'killed', reason: 'Killed' }, want: 'Running 2' },
    { name: 'by itself', failure: { cause: 'program', reason: 'ProgramFailed' }, want: 'Failed 1' },
    {
      name: 'by something that passes',
      failure: { cause: 'program', reason: 'ProgramFailed', retryable: true },
      want: 'Running 2',
    },
    { name: 'by its deadline', failure: { cause: 'infrastructure', reason: 'DeadlineExceeded' }, want: 'Failed 1' },
    {
      name: 'by itself, when any failure is worth a try',
      failure: { cause: 'program', reason: 'ProgramFailed' },
      rest: { restartOn: 'AnyFailure' },
      want: 'Running 2',
    },
    {
      name: 'by a lost node, without restarts',
      failure: { cause: 'infrastructure', reason: 'NodeLost' },
      rest: { maxRestarts: 0 },
      want: 'Failed 1',
    },
  ] as const)('$name: $want', ({ failure, want, ...row }) => {
    const { state, attempt, reason, message } = settleTrial(
      trial(0),
      specOf({}, 'rest' in row ? row.rest : {}),
      facts(failure),
    );
    expect(`${state} ${attempt}`).toBe(want);
    expect([reason, message]).toEqual([failure.reason, 'Why.']);
  });
});

describe('the best trial', () => {
  const trials = [
    trial(0, { state: 'Succeeded', value: 0.5 }),
    trial(1, { state: 'Succeeded', value: 0.9 }),
    trial(2, { state: 'Pruned', value: 0.99 }),
    trial(3, { state: 'Succeeded', value: 0.9 }),
  ];
  test.each([
    { goal: 'maximize', want: 1 },
    { goal: 'minimize', want: 0 },
  ])('$goal: trial $want; those that were stopped do not count', ({ goal, want }) => {
    const { search } = specOf({ objective: { metric: 'val_accuracy', goal } });
    expect(bestTrial(search, trials)?.number).toBe(want);
    expect(trialsStatus(search, trials, { ledger: [], endedBy: undefined })).toMatchObject({
      total: 4,
      succeeded: 3,
      pruned: 1,
      best: { number: want },
    });
  });
});
