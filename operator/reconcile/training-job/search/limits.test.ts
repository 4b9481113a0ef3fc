import { describe, expect, test } from '@jest/globals';
import { SearchWorld } from './testing.ts';

const HOUR = 3_600_000;
const START = '2026-01-01T00:00:00Z';

const noRoom = {
  phase: 'Pending',
  conditions: [
    {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: '0/1 nodes are available: 1 Insufficient cpu.',
      lastTransitionTime: START,
    },
  ],
};
const noImage = {
  phase: 'Pending',
  conditions: [{ type: 'PodScheduled', status: 'True', lastTransitionTime: START }],
  containerStatuses: [
    { name: 'train', image: 'train:1', state: { waiting: { reason: 'ImagePullBackOff', message: 'not found' } } },
  ],
};
const runs = { phase: 'Running', containerStatuses: [{ name: 'train', state: { running: {} } }] };

describe('a trial that does not start', () => {
  test('is waited for, and what for is told', async () => {
    const world = new SearchWorld();
    await world.pass();
    world.startPod(0);
    world.setPod(1, noImage);
    expect(await world.pass()).toMatchObject({ requeueAfterMs: 2_000 });
    world.now += 2_000;
    expect(await world.pass()).toMatchObject({
      requeueAfterMs: 15_000,
      problem: {
        reason: 'ImagePullFailed',
        message:
          'Trial 1 waits: Image train:1 cannot be pulled: not found. Check the image name, and the login in imagePullSecrets.',
      },
    });
  });

  test('in time has failed, is removed, and the next one takes its place', async () => {
    const world = new SearchWorld({ startTimeout: '10m' });
    await world.pass();
    world.startPod(0);
    world.setPod(1, noImage);
    world.now += 590_000;
    expect(await world.pass()).toMatchObject({ requeueAfterMs: 10_000, trials: { running: 2, failed: 0 } });
    world.now += 10_000;
    expect(await world.pass()).toMatchObject({ trials: { running: 2, failed: 1, total: 3 } });
    expect(world.trials()[1]).toMatchObject({ state: 'Failed', attempt: 1, reason: 'StartTimeout' });
    expect(world.trials()[1]?.message).toBe(
      '0 of 1 workers of trial 1 had started within spec.startTimeout (10m). Trial 1 waits: Image train:1 cannot be pulled: not found. Check the image name, and the login in imagePullSecrets.',
    );
    expect(world.jobNames()).toEqual(['digits-r1-train-t0-1', 'digits-r1-train-t2-1']);
  });

  test('counts as one of maxFailedTrials', async () => {
    const world = new SearchWorld({ startTimeout: '10m', search: { maxFailedTrials: 1 } });
    await world.pass();
    for (const trial of [0, 1]) world.setPod(trial, noImage);
    world.now += 600_000;
    expect(await world.pass()).toMatchObject({
      state: 'failed',
      reason: 'AllTrialsFailed',
      message: expect.stringContaining('had started within spec.startTimeout (10m)') as unknown,
    });
    expect(world.jobs()).toEqual([]);
  });

  test('with all of its workers gives back the places that it has', async () => {
    const world = new SearchWorld({ startTimeout: '10m', workers: { count: 2 }, search: { maxTrials: 1 } });
    await world.pass();
    world.setPod(0, runs);
    world.setPod(0, noRoom, 1);
    world.now += 600_000;
    expect(await world.pass()).toMatchObject({ state: 'failed' });
    expect(world.trials()[0]?.message).toMatch(/^1 of 2 workers of trial 0 had started within spec.startTimeout/);
  });

  test('for lack of room stands in line while others have it: its time begins when they are done', async () => {
    const world = new SearchWorld({ startTimeout: '10m' });
    await world.pass();
    world.startPod(0);
    world.setPod(1, noRoom);
    world.now += 5 * HOUR;
    expect(await world.pass()).toMatchObject({
      problem: { reason: 'Unschedulable', stalled: false },
      trials: { running: 2, failed: 0 },
    });
    world.succeed(0, 0.7);
    expect(await world.pass()).toMatchObject({ trials: { running: 2, succeeded: 1, failed: 0 } });
    world.setPod(2, noRoom);
    world.now += 599_000;
    expect(await world.pass()).toMatchObject({ trials: { failed: 0 } });
    world.now += 1_000;
    expect(await world.pass()).toMatchObject({ trials: { failed: 2 } });
  });

  test('has its whole time once it got a place', async () => {
    const world = new SearchWorld({ startTimeout: '10m' });
    await world.pass();
    world.startPod(0);
    world.setPod(1, noRoom);
    world.now += 5 * HOUR;
    await world.pass();
    const placed = { type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-01-01T05:00:00Z' };
    world.setPod(1, { ...noImage, conditions: [placed] });
    world.succeed(0, 0.7);
    world.now += 599_000;
    expect(await world.pass()).toMatchObject({ trials: { failed: 0 } });
    world.now += 1_000;
    expect(await world.pass()).toMatchObject({ trials: { failed: 1 } });
  });

  test('because a queue holds it is waited for without a limit of time', async () => {
    const world = new SearchWorld({ search: { maxTrials: 1 } });
    await world.pass();
    world.cluster.server.edit(
      { apiVersion: 'batch/v1', kind: 'Job', namespace: 'team', name: 'digits-r1-train-t0-1' },
      (copy: never) => Object.assign((copy as { spec: object }).spec, { suspend: true }),
    );
    world.now += 5 * HOUR;
    expect(await world.pass()).toMatchObject({ problem: { reason: 'Queued' }, trials: { running: 1 } });
  });
});

describe('a trial that hangs', () => {
  const hangs = (world: SearchWorld, job: string): void => {
    world.voice = { stalled: [{ job, message: 'Worker 0 of trial 1 (pod p) has printed nothing.' }] };
  };
  const running = async (asked: ConstructorParameters<typeof SearchWorld>[0]): Promise<SearchWorld> => {
    const world = new SearchWorld(asked);
    await world.pass();
    world.startPod(0);
    world.startPod(1);
    return world;
  };

  test('is only named when nobody asks for more', async () => {
    const world = await running({});
    hangs(world, 'digits-r1-train-t1-1');
    expect(await world.pass()).toMatchObject({
      hanging: ['Worker 0 of trial 1 (pod p) has printed nothing.'],
      trials: { running: 2 },
    });
    expect(world.jobNames()).toEqual(['digits-r1-train-t0-1', 'digits-r1-train-t1-1']);
  });

  test('is started again when asked to, as often as maxRestarts allows; then it has failed', async () => {
    const world = await running({ stall: { after: '5m', restart: true }, maxRestarts: 1 });
    hangs(world, 'digits-r1-train-t1-1');
    await world.pass();
    expect(world.trials()[1]).toMatchObject({ state: 'Running', attempt: 2, reason: 'Stalled' });
    await world.pass();
    expect(world.jobNames()).toEqual(['digits-r1-train-t0-1', 'digits-r1-train-t1-2']);
    // What was said of the try before is no news.
    expect(world.trials()[1]).toMatchObject({ state: 'Running', attempt: 2 });
    hangs(world, 'digits-r1-train-t1-2');
    expect(await world.pass()).toMatchObject({ trials: { running: 2, failed: 1, total: 3 } });
    expect(world.trials()[1]).toMatchObject({
      state: 'Failed',
      reason: 'Stalled',
      message: 'A worker hung for longer than spec.stall.after (5m). Worker 0 of trial 1 (pod p) has printed nothing.',
    });
  });

  test('but has ended meanwhile has ended well', async () => {
    const world = await running({ stall: { after: '5m', restart: true } });
    hangs(world, 'digits-r1-train-t1-1');
    world.succeed(1, 0.9);
    await world.pass();
    expect(world.told()).toContain('1 Succeeded 0.9');
  });
});
