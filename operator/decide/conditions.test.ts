import { describe, expect, test } from '@jest/globals';
import type { Condition } from '../../crds/schema/shared.ts';
import { decideConditions, RECONCILING, STALLED, type Verdict } from './conditions.ts';

const now = new Date('2026-01-02T00:00:00.789Z');
const BEFORE = '2026-01-01T00:00:00Z';
const verdict: Verdict = { ready: 'False', reason: 'Starting', message: 'Pods start.' };

const decide = (change: Partial<Verdict>, previous?: Condition[]): string[] =>
  decideConditions({ ...verdict, ...change }, { previous, generation: 7, now }).map(
    ({ type, status, reason, message, observedGeneration, lastTransitionTime }) =>
      [type, status, reason, message, observedGeneration, lastTransitionTime].join('|'),
  );

const before = (type: string, status: Condition['status']): Condition => ({
  type,
  status,
  reason: 'Old',
  message: 'Old.',
  observedGeneration: 6,
  lastTransitionTime: BEFORE,
});

const NOW = '2026-01-02T00:00:00Z';

describe('the conditions of a verdict', () => {
  test.each<{ name: string; change: Partial<Verdict>; previous?: Condition[]; want: string[] }>([
    { name: 'Ready alone', change: {}, want: [`Ready|False|Starting|Pods start.|7|${NOW}`] },
    {
      name: 'work that goes on, in the words of Ready',
      change: { besides: RECONCILING },
      want: [`Ready|False|Starting|Pods start.|7|${NOW}`, `Reconciling|True|Starting|Pods start.|7|${NOW}`],
    },
    {
      name: 'something for a person, in its own words',
      change: { ready: 'True', besides: { ...STALLED, words: { reason: 'ModelNotFound', message: 'Gone.' } } },
      want: [`Ready|True|Starting|Pods start.|7|${NOW}`, `Stalled|True|ModelNotFound|Gone.|7|${NOW}`],
    },
    {
      name: 'times move only when the status flips',
      change: { besides: RECONCILING },
      previous: [before('Ready', 'False'), before('Stalled', 'True')],
      want: [`Ready|False|Starting|Pods start.|7|${BEFORE}`, `Reconciling|True|Starting|Pods start.|7|${NOW}`],
    },
    {
      name: 'times move when the status flips',
      change: { ready: 'True' },
      previous: [before('Ready', 'False')],
      want: [`Ready|True|Starting|Pods start.|7|${NOW}`],
    },
  ])('$name', ({ change, previous, want }) => expect(decide(change, previous)).toEqual(want));
});
