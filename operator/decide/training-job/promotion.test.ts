import { expect, test } from '@jest/globals';
import { specOf, type Written } from '../../build/training-job/testing.ts';
import { decideComparison, isPromoted } from './promotion.ts';

const artifact = (metrics: Record<string, number>) => ({ uri: 'oci://r/m', digest: 'sha256:a', run: 1, metrics });
const better = { publish: { promote: 'Better' as const } };

test.each<{
  name: string;
  spec: Written;
  was: Record<string, number> | undefined;
  is: Record<string, number>;
  want: boolean;
}>([
  { name: 'the first one', spec: better, was: undefined, is: { accuracy: 0.1 }, want: true },
  { name: 'one that is better', spec: better, was: { accuracy: 0.8 }, is: { accuracy: 0.9 }, want: true },
  { name: 'one that is as good', spec: better, was: { accuracy: 0.8 }, is: { accuracy: 0.8 }, want: true },
  { name: 'one that is worse', spec: better, was: { accuracy: 0.8 }, is: { accuracy: 0.7 }, want: false },
  {
    name: 'one that is worse, without a schedule',
    spec: { publish: {} },
    was: { accuracy: 0.8 },
    is: { accuracy: 0.7 },
    want: true,
  },
  {
    name: 'one that is worse, with a schedule',
    spec: { publish: {}, schedule: { cron: '0 3 * * *' } },
    was: { accuracy: 0.8 },
    is: { accuracy: 0.7 },
    want: false,
  },
  {
    name: 'one with a smaller loss',
    spec: { ...better, evaluation: { metric: 'logLoss' } },
    was: { logLoss: 0.5 },
    is: { logLoss: 0.4 },
    want: true,
  },
  {
    name: 'one with a larger error, by the task',
    spec: { ...better, task: 'tabular-regression' },
    was: { rmse: 1 },
    is: { rmse: 2 },
    want: false,
  },
  {
    name: 'one that is better as the search says',
    spec: {
      ...better,
      search: {
        objective: { metric: 'energy', goal: 'minimize' },
        parameters: [{ name: 'x', type: 'float', min: 0, max: 1 }],
        maxTrials: 1,
      },
    },
    was: { energy: 2 },
    is: { energy: 1 },
    want: true,
  },
  { name: 'one that was measured in another way', spec: better, was: { auc: 0.9 }, is: { accuracy: 0.1 }, want: true },
])('promotes $name: $want', ({ spec, was, is, want }) => {
  const life = { stages: [], ...(was === undefined ? {} : { artifact: artifact(was) }) };
  expect(isPromoted(artifact(is), life, specOf({ image: 'trainer:1', ...spec }))).toBe(want);
});

test('compares by what the evaluation says', () => {
  const result = { compared: { metric: 'depth', value: 3, higherIsBetter: false } };
  const stages = [{ name: 'evaluate' as const, state: 'Succeeded' as const, result }];
  expect(decideComparison({ stages }, specOf({ image: 'trainer:1' }))).toEqual({ metric: 'depth', isLessBetter: true });
});
