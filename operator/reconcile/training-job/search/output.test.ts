import { describe, expect, test } from '@jest/globals';
import { SearchWorld } from './testing.ts';

describe('the objective', () => {
  test.each([
    {
      name: 'what is reported counts',
      end: { message: '{"metrics":{"accuracy":0.9}}' },
      latest: 0.5,
      want: '0 Succeeded 0.9',
    },
    { name: 'else what was printed last', end: { message: 'bye' }, latest: 0.5, want: '0 Succeeded 0.5' },
    { name: 'without either the trial has failed', end: {}, latest: undefined, want: '0 Failed' },
    { name: 'a value that is no number is none', end: {}, latest: Number.NaN, want: '0 Failed' },
  ])('$name', async ({ end, latest, want }) => {
    const world = new SearchWorld({ search: { maxTrials: 1 } });
    await world.pass();
    world.print(0, { ...(latest === undefined ? {} : { latest }), curve: [] });
    world.end(0, end);
    await world.pass();
    expect(world.told()).toEqual([want]);
  });

  test('when no trial tells it, the message says what to do', async () => {
    const world = new SearchWorld({ search: { maxTrials: 1 } });
    await world.pass();
    world.end(0);
    expect(await world.pass()).toMatchObject({
      state: 'failed',
      reason: 'ObjectiveMissing',
      message:
        'None of 1 trials succeeded. Trial 0 failed last: Trial 0 ended well, but never told "accuracy"; have it print lines such as "accuracy=0.9", or correct spec.search.objective.metric.',
    });
  });

  test('the pod is read from the API server when its end is seen after that of the Job', async () => {
    const world = new SearchWorld({ search: { maxTrials: 1 } });
    await world.pass();
    world.startPod(0);
    world.cluster.pauseWatch();
    world.succeed(0, 0.9);
    const pod = world.cluster.server.get({
      apiVersion: 'v1',
      kind: 'Pod',
      namespace: 'team',
      name: 'digits-r1-train-t0-1-pod',
    });
    expect(pod).toBeDefined();
    world.cluster.resumeWatch();
    expect(await world.pass()).toMatchObject({ state: 'succeeded', trials: { best: { value: 0.9 } } });
  });
});

describe('output that cannot be read', () => {
  test.each([
    { name: 'without early stopping', search: {} },
    { name: 'with early stopping', search: { earlyStopping: { algorithm: 'median' } } },
  ])('does not hold up trials that report their objective, $name', async ({ search }) => {
    const world = new SearchWorld({ search: { maxTrials: 1, ...search } });
    world.isOutputLost = true;
    await world.pass();
    world.succeed(0, 0.7);
    expect(await world.pass()).toMatchObject({ state: 'succeeded', bestTrial: 0 });
  });

  test('is waited for when nothing else tells the objective; other trials go on', async () => {
    const world = new SearchWorld({ search: { parallelTrials: 2, maxTrials: 4 } });
    world.isOutputLost = true;
    await world.pass();
    world.end(0, {});
    world.succeed(1, 0.7);
    expect(await world.pass()).toMatchObject({ trials: { running: 2, succeeded: 1, total: 3 } });
    expect(world.told()).toEqual(['0 Running', '1 Succeeded 0.7', '2 Running']);
    world.isOutputLost = false;
    world.print(0, { latest: 0.9, curve: [] });
    await world.pass();
    expect(world.told()).toContain('0 Succeeded 0.9');
  });

  test('but not for longer than a minute: then the trial has failed, and says what to do', async () => {
    const world = new SearchWorld({ search: { maxTrials: 1 } });
    world.isOutputLost = true;
    await world.pass();
    world.end(0, {});
    expect(await world.pass()).toMatchObject({ state: 'running', requeueAfterMs: 10_000 });
    world.now += 55_000;
    expect(await world.pass()).toMatchObject({ state: 'running', requeueAfterMs: 5_000 });
    world.now += 5_000;
    expect(await world.pass()).toMatchObject({ state: 'failed', reason: 'ObjectiveMissing' });
    expect(world.trials()[0]?.message).toBe(
      'Trial 0 ended well, but reported no "accuracy", and its log cannot be read: 500: the node does not answer. Check its node and the rights on pods/log, or have it leave {"metrics":{"accuracy":0.9}} in /dev/termination-log.',
    );
    expect(world.jobs()).toEqual([]);
  });
});
