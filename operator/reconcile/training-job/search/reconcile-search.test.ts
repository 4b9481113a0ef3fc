import { describe, expect, test } from '@jest/globals';
import { Label } from '../../../build/labels.ts';
import { SearchWorld } from './testing.ts';

const NOW = '2026-01-01T00:00:00Z';
const unavailable = { kind: 'unavailable', message: 'it cannot be reached (ECONNREFUSED)', againInMs: 5000 } as const;

/** Ends the trial well, and lets the next pass see it. */
async function finish(world: SearchWorld, trial: number, accuracy: number) {
  world.succeed(trial, accuracy);
  return world.pass();
}

describe('reconcileSearch', () => {
  test('starts as many trials as may run at once, each written down before its Job', async () => {
    const world = new SearchWorld();
    const outcome = await world.pass();
    expect(world.cluster.writes.map(({ verb, ref }) => `${verb} ${ref.kind} ${ref.name}`)).toEqual([
      'create ConfigMap digits-r1-trials-0',
      'create Job digits-r1-train-t0-1',
      'create Job digits-r1-train-t1-1',
    ]);
    expect(outcome).toMatchObject({
      state: 'running',
      trials: { total: 2, running: 2, ledger: ['digits-r1-trials-0'] },
      pods: { running: 0, wanted: 2 },
    });
    expect(world.trials()[0]).toEqual({
      number: 0,
      state: 'Running',
      parameters: { x: 0 },
      attempt: 1,
      startedAt: NOW,
    });
  });

  test('a pass in which nothing happens writes nothing, and asks nothing', async () => {
    const world = new SearchWorld();
    await world.pass();
    world.cluster.writes.length = 0;
    world.questions.length = 0;
    await world.pass();
    expect(world.cluster.writes).toEqual([]);
    expect(world.questions).toEqual([]);
  });

  test('goes through all trials, removes their Jobs, and chooses the best', async () => {
    const world = new SearchWorld();
    await world.pass();
    await finish(world, 0, 0.7);
    await finish(world, 1, 0.9);
    await finish(world, 2, 0.8);
    const outcome = await finish(world, 3, 0.9);
    expect(world.told()).toEqual(['0 Succeeded 0.7', '1 Succeeded 0.9', '2 Succeeded 0.8', '3 Succeeded 0.9']);
    expect(outcome).toMatchObject({
      state: 'succeeded',
      bestTrial: 1,
      trials: {
        total: 4,
        succeeded: 4,
        best: { number: 1, value: 0.9, parameters: { x: 1 } },
        endedBy: 'All trials were started; spec.search.maxTrials is 4.',
      },
    });
    expect(world.jobs()).toEqual([]);
  });

  test('the end is the same when it is asked for again', async () => {
    const world = new SearchWorld({ search: { maxTrials: 1 } });
    await world.pass();
    const first = await finish(world, 0, 0.7);
    world.cluster.writes.length = 0;
    expect(await world.pass()).toEqual(first);
    expect(world.cluster.writes).toEqual([]);
  });

  test('less is better when the goal says so', async () => {
    const world = new SearchWorld({ search: { maxTrials: 2, objective: { metric: 'accuracy', goal: 'minimize' } } });
    await world.pass();
    await finish(world, 0, 0.7);
    expect(await finish(world, 1, 0.2)).toMatchObject({ state: 'succeeded', bestTrial: 1 });
  });

  test('the service is told the values, and the seed of the job where the search has none', async () => {
    const world = new SearchWorld();
    await world.pass();
    await finish(world, 0, 0.7);
    expect(world.questions.at(-1)).toMatchObject({
      search: { seed: 0, algorithm: 'tpe' },
      trials: [
        { number: 0, state: 'Succeeded', value: 0.7, parameters: { x: 0 } },
        { number: 1, state: 'Running' },
      ],
      count: 1,
    });
  });

  test('every trial finds its parameters and folders', async () => {
    const world = new SearchWorld({ search: { maxTrials: 1 } });
    await world.pass();
    const [job] = world.jobs();
    expect(job).toMatchObject({
      metadata: { labels: { [Label.trial]: '0', [Label.run]: '1', [Label.attempt]: '1' } },
      spec: { template: { metadata: { annotations: { 'aimass.dev/parameters': '{"x":0}' } } } },
    });
  });
});

describe('failures', () => {
  test('more than maxFailedTrials end the search; the best of the others goes on', async () => {
    const world = new SearchWorld({ search: { maxTrials: 10, maxFailedTrials: 1, parallelTrials: 1 } });
    await world.pass();
    await finish(world, 0, 0.6);
    world.end(1, { exitCode: 2 });
    await world.pass();
    world.end(2, { exitCode: 2 });
    expect(await world.pass()).toMatchObject({
      state: 'succeeded',
      bestTrial: 0,
      trials: { total: 3, failed: 2, endedBy: '2 trials failed; spec.search.maxFailedTrials is 1.' },
    });
  });

  test('when all have failed the message says why the last one did', async () => {
    const world = new SearchWorld({ search: { maxTrials: 10, maxFailedTrials: 0, parallelTrials: 1 } });
    await world.pass();
    world.end(0, { exitCode: 3, message: 'ValueError: bad x' });
    const outcome = await world.pass();
    expect(outcome).toMatchObject({ state: 'failed', reason: 'AllTrialsFailed' });
    expect(outcome.state === 'failed' ? outcome.message : '').toContain('ValueError: bad x');
    expect(outcome.trials.recent[0]).toMatchObject({ number: 0, state: 'Failed', reason: 'ProgramFailed' });
  });

  test('a lost node is not the fault of the trial: it is tried again, with the same number and parameters', async () => {
    const world = new SearchWorld({ search: { maxTrials: 1 } });
    await world.pass();
    world.end(0, { isLost: true });
    await world.pass();
    expect(world.trials()).toMatchObject([{ number: 0, state: 'Running', attempt: 2, reason: 'NodeLost' }]);
    expect(world.jobNames()).toEqual(['digits-r1-train-t0-2']);
    expect(await finish(world, 0, 0.9)).toMatchObject({ state: 'succeeded', trials: { failed: 0 } });
  });

  test('as often as maxRestarts allows, for each trial', async () => {
    const world = new SearchWorld({ search: { maxTrials: 1 }, maxRestarts: 1 });
    await world.pass();
    world.end(0, { isLost: true });
    await world.pass();
    world.end(0, { isLost: true });
    expect(await world.pass()).toMatchObject({ state: 'failed', reason: 'AllTrialsFailed' });
    expect(world.told()).toEqual(['0 Failed']);
  });

  test('a new try waits until the pods of the one before have gone', async () => {
    const world = new SearchWorld({ search: { maxTrials: 1 }, workers: { count: 2 } });
    await world.pass();
    const [job] = world.jobs();
    world.startPod(0);
    world.cluster.server.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'other', namespace: 'team', labels: { ...job?.metadata.labels } },
      status: { phase: 'Running' },
    } as never);
    world.end(0, { isLost: true });
    expect(await world.pass()).toMatchObject({ state: 'running', requeueAfterMs: 10_000 });
    expect(world.jobs()).toEqual([]);
    world.cluster.server.delete({ apiVersion: 'v1', kind: 'Pod', namespace: 'team', name: 'other' });
    await world.pass();
    expect(world.jobNames()).toEqual(['digits-r1-train-t0-2']);
  });

  test('a Job that somebody deletes is made again', async () => {
    const world = new SearchWorld({ search: { maxTrials: 1 } });
    await world.pass();
    world.cluster.server.delete({
      apiVersion: 'batch/v1',
      kind: 'Job',
      namespace: 'team',
      name: 'digits-r1-train-t0-1',
    });
    await world.pass();
    expect(world.jobNames()).toEqual(['digits-r1-train-t0-1']);
    expect(world.told()).toEqual(['0 Running']);
  });
});

describe('budget', () => {
  test('after the timeout no trial is started, and those that run may end', async () => {
    const world = new SearchWorld({ search: { timeout: '1h', maxTrials: 10 } });
    await world.pass();
    world.now += 3_600_000;
    expect(await finish(world, 0, 0.7)).toMatchObject({ state: 'running', trials: { total: 2, running: 1 } });
    expect(await finish(world, 1, 0.6)).toMatchObject({
      state: 'succeeded',
      bestTrial: 0,
      trials: { endedBy: 'The search has lasted as long as spec.search.timeout allows (1h).' },
    });
  });

  test('a space that is through ends the search', async () => {
    const world = new SearchWorld({ search: { maxTrials: 10, parallelTrials: 3 } });
    world.points = 2;
    expect(await world.pass()).toMatchObject({ state: 'running', trials: { total: 2 } });
    await finish(world, 0, 0.7);
    expect(await finish(world, 1, 0.6)).toMatchObject({
      state: 'succeeded',
      trials: { total: 2, endedBy: 'Every combination of the parameters was started.' },
    });
  });

  test('a hundred trials fill one ConfigMap', async () => {
    const world = new SearchWorld({ search: { maxTrials: 150, parallelTrials: 100 } });
    await world.pass();
    for (let trial = 0; trial < 50; trial += 1) world.succeed(trial, trial / 100);
    const outcome = await world.pass();
    expect(outcome.trials).toMatchObject({ total: 150, ledger: ['digits-r1-trials-0', 'digits-r1-trials-1'] });
    expect(outcome.trials.recent.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, i) => 149 - i));
    expect(world.trials()).toHaveLength(150);
  });
});

describe('early stopping', () => {
  const search = { maxTrials: 2, earlyStopping: { algorithm: 'median' } };

  test('the curves are told, and a trial that would not win is stopped', async () => {
    const world = new SearchWorld({ search });
    await world.pass();
    world.startPod(0);
    world.startPod(1);
    world.print(0, {
      latest: 0.8,
      curve: [
        [1, 0.7],
        [2, 0.8],
      ],
    });
    world.print(1, {
      latest: 0.1,
      curve: [
        [1.4, 0.2],
        [2, Number.NaN],
      ],
    });
    world.prune = [1];
    const outcome = await world.pass();
    expect(world.questions.at(-1)?.trials.map(({ curve }) => curve)).toEqual([
      [
        [1, 0.7],
        [2, 0.8],
      ],
      [
        [1, 0.2],
        [2, null],
      ],
    ]);
    expect(outcome).toMatchObject({ state: 'running', requeueAfterMs: 15_000, trials: { running: 1, pruned: 1 } });
    expect(world.trials()[1]).toMatchObject({
      state: 'Pruned',
      value: 0.1,
      curve: [
        [1, 0.2],
        [2, null],
      ],
    });
    expect(world.jobNames()).toEqual(['digits-r1-train-t0-1']);
    expect(await finish(world, 0, 0.8)).toMatchObject({ state: 'succeeded', bestTrial: 0 });
  });

  test('a trial that has ended meanwhile is not stopped', async () => {
    const world = new SearchWorld({ search });
    await world.pass();
    world.print(0, { latest: 0.8, curve: [[1, 0.7]] });
    world.prune = [0];
    expect(await finish(world, 0, 0.9)).toMatchObject({ trials: { succeeded: 1, pruned: 0 } });
  });

  test('when all are stopped early there is no best', async () => {
    const world = new SearchWorld({ search });
    await world.pass();
    for (const trial of [0, 1]) world.print(trial, { latest: 0.1, curve: [[1, 0.1]] });
    world.prune = [0, 1];
    expect(await world.pass()).toMatchObject({
      state: 'failed',
      message:
        'No trial came to its end, so none has a value of "accuracy"; raise spec.search.maxTrials, or stop fewer trials early.',
    });
  });
});

describe('what stands in the way', () => {
  test('while the suggest service does not answer, trials that run go on', async () => {
    const world = new SearchWorld();
    await world.pass();
    world.startPod(1);
    world.answer = unavailable;
    expect(await finish(world, 0, 0.7)).toMatchObject({
      state: 'running',
      requeueAfterMs: 5000,
      problem: { reason: 'SuggestUnavailable', stalled: false },
      trials: { total: 2, succeeded: 1, running: 1 },
    });
    world.answer = undefined;
    expect(await world.pass()).toMatchObject({ trials: { total: 3, running: 2 } });
  });

  test('a space that contradicts itself fails the search', async () => {
    const world = new SearchWorld();
    world.answer = { kind: 'invalid', message: 'search.parameters[x].step: 5 is more than the distance' };
    expect(await world.pass()).toMatchObject({
      state: 'failed',
      reason: 'SearchSpaceInvalid',
      message: 'spec.search.parameters[x].step: 5 is more than the distance.',
    });
    expect(world.ledgers()).toEqual([]);
  });

  test('without a suggest service somebody has to act', async () => {
    const world = new SearchWorld();
    world.answer = { kind: 'none' };
    expect(await world.pass()).toMatchObject({
      state: 'running',
      problem: { reason: 'SuggestUnavailable', stalled: true },
    });
  });

  test('a quota that refuses a Job leaves the intent, and it is made later', async () => {
    const world = new SearchWorld({ search: { maxTrials: 1 } });
    const allow = world.cluster.refuse(({ kind }) => kind === 'Job', {
      code: 403,
      reason: 'QuotaExceeded',
      message: 'exceeded quota: jobs',
    });
    expect(await world.pass()).toMatchObject({
      state: 'running',
      requeueAfterMs: 30_000,
      problem: { reason: 'QuotaExceeded', stalled: false },
      trials: { running: 1 },
    });
    allow();
    await world.pass();
    expect(world.jobNames()).toEqual(['digits-r1-train-t0-1']);
    expect(world.told()).toEqual(['0 Running']);
  });

  test('without a ledger nothing is started', async () => {
    const world = new SearchWorld();
    world.cluster.refuse(({ kind }) => kind === 'ConfigMap', { code: 403, reason: 'Forbidden', message: 'no' });
    expect(await world.pass()).toMatchObject({
      state: 'running',
      problem: { reason: 'Forbidden', stalled: true },
      trials: { total: 0 },
    });
    expect(world.jobs()).toEqual([]);
  });

  test('a ledger that somebody has edited is not written over', async () => {
    const world = new SearchWorld();
    await world.pass();
    world.cluster.server.edit(
      { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'team', name: 'digits-r1-trials-0' },
      (copy) => Object.assign(copy, { data: { 'trials.json': '{"number":0}\n' } }),
    );
    expect(await world.pass()).toMatchObject({
      problem: { message: expect.stringContaining('line 1 is no trial: {"number":0}') as unknown, stalled: true },
    });
  });

  test('an operator that decides from an old ledger gets a conflict', async () => {
    const world = new SearchWorld();
    await world.pass();
    world.succeed(0, 0.7);
    world.cluster.pauseWatch();
    world.cluster.server.edit(
      { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'team', name: 'digits-r1-trials-0' },
      (copy) => {
        copy.metadata.annotations = { touched: 'by another operator' };
      },
    );
    await expect(world.pass()).rejects.toThrow('was changed meanwhile');
    world.cluster.resumeWatch();
    expect(await world.pass()).toMatchObject({ trials: { total: 3 } });
  });

  test('nor does it write over a ledger that it has not seen yet', async () => {
    const world = new SearchWorld();
    const other = new SearchWorld();
    await other.pass();
    world.cluster.pauseWatch();
    const [ledger] = other.ledgers();
    world.cluster.server.create({
      ...ledger,
      metadata: {
        ...ledger?.metadata,
        ownerReferences: [
          {
            apiVersion: 'v1',
            kind: 'TrainingJob',
            name: 'digits',
            uid: world.job.metadata.uid ?? '',
            controller: true,
          },
        ],
      },
    } as never);
    await expect(world.pass()).rejects.toThrow('has been written meanwhile');
    expect(world.jobs()).toEqual([]);
  });
});

describe('runs', () => {
  test('each run searches anew; the ledger of the one before stays', async () => {
    const world = new SearchWorld({ search: { maxTrials: 1 } });
    for (world.run = 1; world.run <= 3; world.run += 1) {
      await world.pass();
      await finish(world, 0, 0.5);
    }
    expect(world.ledgers().map(({ metadata }) => metadata.name)).toEqual(['digits-r2-trials-0', 'digits-r3-trials-0']);
  });
});
