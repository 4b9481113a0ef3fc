import { expect, test } from '@jest/globals';
import type { InferenceServiceStatus } from '../../../crds/schema/inference-service.ts';
import { decideEvent } from './events.ts';

const condition = (type: string, status: 'True' | 'False', reason: string) => ({
  type,
  status,
  reason,
  message: `${reason}.`,
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

/** A status by its conditions, as `Type=Status Reason`, and the revision that is wanted. */
const status = (revision: string, ...conditions: string[]): InferenceServiceStatus => ({
  conditions: conditions.map((text) => {
    const [, type = '', value = '', reason = ''] = /^(\w+)=(\w+) (\w+)$/.exec(text) ?? [];
    return condition(type, value as 'True' | 'False', reason);
  }),
  revisions: [{ name: revision, modelDigest: '', percent: 0, state: 'Starting' }],
});

const starting = status('a', 'Ready=False Starting', 'Reconciling=True Starting');
const serving = status('a', 'Ready=True Serving');
const full = status('a', 'Ready=False Unschedulable', 'Reconciling=True Unschedulable');

test.each([
  { name: 'the usual way to Ready, at its end', was: starting, is: serving, want: 'Normal Serving' },
  { name: 'nothing while it goes on as usual', was: undefined, is: starting, want: undefined },
  { name: 'something is missing', was: starting, is: full, want: 'Warning Unschedulable' },
  { name: 'it is still missing', was: full, is: full, want: undefined },
  {
    name: 'a person has to act',
    was: full,
    is: status('a', 'Ready=False Unschedulable', 'Stalled=True Unschedulable'),
    want: 'Warning Unschedulable',
  },
  {
    name: 'the Model goes while pods answer',
    was: serving,
    is: status('a', 'Ready=True Serving', 'Stalled=True ModelNotFound'),
    want: 'Warning ModelNotFound',
  },
  {
    name: 'a new revision',
    was: serving,
    is: status('b', 'Ready=False RollingOut', 'Reconciling=True RollingOut'),
    want: 'Normal RollingOut',
  },
  { name: 'it stops answering', was: serving, is: starting, want: 'Warning NotServing' },
  {
    name: 'a Model that is applied a moment later',
    was: undefined,
    is: status('a', 'Ready=False ModelNotFound', 'Reconciling=True ModelNotFound'),
    want: undefined,
  },
])('$name: $want', ({ was, is, want }) => {
  const event = decideEvent(was, is);
  expect(event && `${event.type} ${event.reason}`).toBe(want);
});
