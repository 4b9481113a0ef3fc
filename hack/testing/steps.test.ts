import { describe, expect, test } from '@jest/globals';
import { allSteps, chooseSteps } from './steps.ts';

const steps = allSteps({ statusFolder: '/tmp/statuses', forwarded: [] });
const names = (...chosen: string[]): string[] => chooseSteps(steps, chosen).map(({ name }) => name);

describe('chooseSteps', () => {
  test.each([
    { name: 'a group brings its steps', chosen: ['chart'], want: ['programs', 'helm lint', 'chart'] },
    { name: 'a step that needs no cluster does not build one', chosen: ['unit'], want: ['test programs', 'unit'] },
    { name: 'clients of others need no cluster', chosen: ['clients'], want: ['clients'] },
    { name: 'our own clients ask a real API server', chosen: ['python'], want: ['programs', 'python'] },
    { name: 'recorded statuses are judged only when something records them', chosen: ['gitops'], want: ['gitops'] },
    {
      name: 'and then after it',
      chosen: ['gitops', 'e2e'],
      want: ['programs', 'test programs', 'gitops', 'clusters side by side', 'e2e', 'gitops, recorded statuses'],
    },
  ])('$name', ({ chosen, want }) => expect(names(...chosen)).toEqual(want));

  test('all when none is named', () => expect(names()).toHaveLength(steps.length));
  test('a misspelt name is refused with the names there are', () =>
    expect(() => names('unti')).toThrow(/no step unti.*unit/));
});

test('every step waits only for steps before it, so that the order always goes through', () => {
  steps.forEach((step, index) => {
    const before = steps.slice(0, index).map(({ name }) => name);
    expect(before).toEqual(expect.arrayContaining([...step.after]));
  });
});
