import { expect, test } from '@jest/globals';
import { jobOf, settings, type Written } from '../../build/training-job/testing.ts';
import { specProblem } from './spec-problem.ts';

const search = (parameter: object) => ({
  search: {
    objective: { metric: 'loss', goal: 'minimize' as const },
    parameters: [parameter as never],
    maxTrials: 3,
  },
});

test.each<{ name: string; written: Written; edit?: (spec: Record<string, unknown>) => void; want: string | undefined }>(
  [
    { name: 'nothing', written: {}, want: undefined },
    {
      name: 'a parameter that is a list',
      written: {},
      edit: (spec) => (spec['parameters'] = { layers: [1, 2] }),
      want: 'spec.parameters.layers is [1,2]; it must be a text, a number or a boolean. Write lists and objects as JSON text.',
    },
    {
      name: 'a parameter that nobody gives',
      written: { args: ['--lr=$(parameters.lr)'] },
      want: '$(parameters.lr) stands in command, args or env, but there is no such parameter; add "lr" to spec.parameters, or correct the name.',
    },
    {
      name: 'a parameter that the search gives',
      written: { args: ['$(parameters.lr)'], ...search({ name: 'lr', type: 'float', min: 0, max: 1 }) },
      want: undefined,
    },
    {
      name: 'a choice without values',
      written: search({ name: 'model', type: 'categorical' }),
      want: 'values of spec.search.parameters "model" are missing; categorical chooses among them.',
    },
    {
      name: 'a number with values',
      written: search({ name: 'depth', type: 'int', min: 1, max: 3, values: [1] }),
      want: 'values of spec.search.parameters "depth" are given, but it is of type int; give min and max in their place.',
    },
    {
      name: 'a value that is an object',
      written: search({ name: 'model', type: 'categorical', values: ['a'] }),
      edit: (spec) =>
        Object.assign((spec as never as { search: { parameters: object[] } }).search.parameters[0] ?? {}, {
          values: [{}],
        }),
      want: 'values of spec.search.parameters "model" have {}; each must be a text, a number or a boolean.',
    },
    {
      name: 'an integer with a fraction',
      written: search({ name: 'depth', type: 'int', min: 1, max: 3.5 }),
      want: 'spec.search.parameters "depth" is of type int, but 3.5 is no whole number; correct it, or use type float.',
    },
    {
      name: 'a condition on a parameter that is not there',
      written: search({ name: 'depth', type: 'int', min: 1, max: 3, when: { parameter: 'model', in: ['tree'] } }),
      want: 'spec.search.parameters "depth" exists when "model" has a value, but the search has no other parameter of that name; correct when.parameter.',
    },
    {
      name: 'a cron that is none',
      written: { schedule: { cron: '61 3 * * 1' } },
      want: 'spec.schedule.cron is "61 3 * * 1", which is not valid: Invalid value for minute: 61. Use five fields, such as "0 3 * * 1".',
    },
    {
      name: 'a cron that never comes',
      written: { schedule: { cron: '0 0 30 2 *' } },
      want: 'spec.schedule.cron is "0 0 30 2 *", which never comes; correct it.',
    },
    {
      name: 'a time zone that is none',
      written: { schedule: { cron: '0 3 * * 1', timeZone: 'Mars/Olympus' } },
      want: 'spec.schedule.timeZone is "Mars/Olympus", which is no time zone; use an IANA name such as Europe/Berlin.',
    },
  ],
)('finds $name', ({ written, edit, want }) => {
  const job = jobOf({ image: 'trainer:1', ...written });
  edit?.(job.spec as never);
  expect(specProblem(job, settings)).toBe(want);
});

test('finds a recipe for tables that does not know what to predict', () => {
  const job = jobOf({ recipe: { name: 'tabular-regression' }, data: [{ name: 'train', uri: 'https://h/a.csv' }] });
  expect(specProblem(job, settings)).toBe(
    'Recipe tabular-regression needs spec.prepare.target, the name of the column to predict.',
  );
});

test('finds an artifact that has nowhere to go', () => {
  const without = { ...settings, training: { ...settings.training, registry: '' } };
  expect(specProblem(jobOf({ image: 'trainer:1', publish: {} }), without)).toContain('spec.publish.to is missing');
});
