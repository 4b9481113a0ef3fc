import { describe, expect, test } from '@jest/globals';
import { expand } from './expand.ts';
import { specHash } from './spec-hash.ts';
import { needsWorkspace, wantedStages } from './stages.ts';
import { specOf, type Written } from './testing.ts';
import { unknownParameters } from './unknown-parameters.ts';

const image = 'image';
const data = [{ name: 'train', uri: 'https://data.example/a.csv' }];
const recipe = { name: 'tabular-classification' } as const;

describe('wantedStages', () => {
  test.each<{ name: string; spec: Written; want: string }>([
    { name: 'only an image', spec: { image }, want: 'train' },
    { name: 'data', spec: { image, data }, want: 'prepare train' },
    { name: 'a base model', spec: { image, baseModel: { name: 'old' } }, want: 'prepare train' },
    { name: 'a recipe', spec: { recipe, data }, want: 'prepare train evaluate' },
    { name: 'prepare alone', spec: { image, data, prepare: { target: 'y' } }, want: 'prepare train' },
    {
      name: 'prepare and publish',
      spec: { image, data, prepare: { target: 'y' }, publish: {} },
      want: 'prepare train evaluate convert publish',
    },
    { name: 'publishing as it is', spec: { image, publish: { convert: 'none' } }, want: 'train publish' },
    { name: 'optimising', spec: { image, publish: { optimize: {} } }, want: 'train convert compress publish' },
    { name: 'evaluation', spec: { image, evaluation: {} }, want: 'train evaluate' },
  ])('$name: $want', ({ spec, want }) => {
    expect(wantedStages(specOf(spec)).join(' ')).toBe(want);
    expect(needsWorkspace(specOf(spec))).toBe(want !== 'train');
  });

  test('who asks for a work space gets it', () => {
    expect(needsWorkspace(specOf({ image, workspace: {} }))).toBe(true);
  });
});

describe('specHash', () => {
  const base = { image, data };
  test.each<{ name: string; spec: Written; isSame: boolean }>([
    { name: 'suspend', spec: { ...base, suspend: true }, isSame: true },
    { name: 'a schedule', spec: { ...base, schedule: { cron: '0 3 * * *' } }, isSame: true },
    { name: 'restarts', spec: { ...base, maxRestarts: 9, restartOn: 'AnyFailure' }, isSame: true },
    { name: 'times', spec: { ...base, deadline: '1h', startTimeout: '5m', stall: {} }, isSame: true },
    { name: 'a queue', spec: { ...base, queueName: 'q' }, isSame: true },
    { name: 'placement', spec: { ...base, placement: { priorityClassName: 'low' } }, isSame: true },
    { name: 'another image', spec: { ...base, image: 'other' }, isSame: false },
    { name: 'a parameter', spec: { ...base, parameters: { lr: 0.1 } }, isSame: false },
    { name: 'more workers', spec: { ...base, workers: { count: 2 } }, isSame: false },
    { name: 'publishing', spec: { ...base, publish: {} }, isSame: false },
  ])('$name: the same run: $isSame', ({ spec, isSame }) => {
    expect(specHash(specOf(spec)) === specHash(specOf(base))).toBe(isSame);
  });
});

describe('expand', () => {
  const parameters = { lr: 0.1, 'a-b': true, cost: '$(HOME)' };
  test.each([
    { name: 'a parameter', text: '--lr=$(parameters.lr)', want: '--lr=0.1' },
    { name: 'several', text: '$(parameters.lr) $(parameters.a-b)', want: '0.1 true' },
    { name: 'one that this trial does not have', text: 'x$(parameters.none)', want: 'x' },
    { name: 'an escaped one', text: '$$(parameters.lr)', want: '$$(parameters.lr)' },
    { name: 'a value that looks like a variable', text: '$(parameters.cost)', want: '$$(HOME)' },
    { name: 'a variable', text: '$(RANK)', want: '$(RANK)' },
  ])('$name', ({ text, want }) => {
    expect(expand(text, parameters)).toBe(want);
  });
});

test('unknownParameters names what nothing gives', () => {
  const search: Written['search'] = {
    objective: { metric: 'loss', goal: 'minimize' },
    parameters: [{ name: 'depth', type: 'int', min: 1, max: 9 }],
    maxTrials: 1,
  };
  const spec = specOf({
    image,
    args: ['$(parameters.lr)', '$(parameters.depth)', '$(parameters.typo)'],
    env: [{ name: 'A', value: '$(parameters.typo) $(parameters.other)' }],
    parameters: { lr: 1 },
    search,
  });
  expect(unknownParameters(spec)).toEqual(['typo', 'other']);
});
