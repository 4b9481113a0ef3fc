import { expect, test } from '@jest/globals';
import type { Outcome } from './run-step.ts';
import { runSteps } from './schedule.ts';
import type { Step } from './steps.ts';

const step = (name: string, more: Partial<Step> = {}): Step => ({
  name,
  group: 'unit',
  command: [],
  counting: 'check',
  after: [],
  ...more,
});
const outcome = (of: Step, state: Outcome['state']): Outcome => ({
  step: of,
  state,
  count: { passed: 0, failed: 0, skipped: 0, failures: [] },
  seconds: 0,
  logPath: '',
  remark: '',
});

/** Runs steps that end only when told so, and tells which run at each moment. */
function stage(steps: readonly Step[], interrupted?: AbortSignal) {
  const ends = new Map<string, (state: Outcome['state']) => void>();
  const all = runSteps(
    steps,
    (one) =>
      new Promise((resolve) => {
        ends.set(one.name, (state) => {
          ends.delete(one.name);
          resolve(outcome(one, state));
        });
      }),
    interrupted,
  );
  const end = async (name: string, state: Outcome['state'] = 'passed'): Promise<void> => {
    ends.get(name)?.(state);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { all, end, running: () => [...ends.keys()] };
}

test('two run at a time, in order', async () => {
  const { running, end, all } = stage([step('a'), step('b'), step('c')]);
  expect(running()).toEqual(['a', 'b']);
  await end('a');
  expect(running()).toEqual(['b', 'c']);
  await end('b');
  await end('c');
  expect((await all).map(({ step: { name } }) => name)).toEqual(['a', 'b', 'c']);
});

test('a step that wants to be alone waits until nothing runs, and lets nothing pass it', async () => {
  const { running, end } = stage([step('a'), step('big', { alone: true }), step('c')]);
  expect(running()).toEqual(['a']);
  await end('a');
  expect(running()).toEqual(['big']);
  await end('big');
  expect(running()).toEqual(['c']);
});

test('a step waits for its forerunner while later ones go on', async () => {
  const { running, end } = stage([step('slow'), step('needs slow', { after: ['slow'] }), step('free')]);
  expect(running()).toEqual(['slow', 'free']);
  await end('slow');
  expect(running()).toEqual(['free', 'needs slow']);
});

test('a step whose forerunner failed is skipped, counts as a failure and says why', async () => {
  const { end, all } = stage([step('a'), step('b', { after: ['a'] })]);
  await end('a', 'failed');
  const [, second] = await all;
  expect(second).toMatchObject({ state: 'skipped', count: { failed: 1 }, remark: '"a" did not pass' });
});

test('a forerunner that was not chosen holds nobody up', () => {
  expect(stage([step('b', { after: ['a'] })]).running()).toEqual(['b']);
});

test('after an interruption nothing new starts, and what did not run counts as failed', async () => {
  const interruption = new AbortController();
  const { end, all } = stage([step('a', { alone: true }), step('b')], interruption.signal);
  interruption.abort();
  await end('a', 'failed');
  expect((await all)[1]).toMatchObject({ state: 'skipped', count: { failed: 1 }, remark: 'the run was interrupted' });
});
