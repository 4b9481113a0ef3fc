import { beforeEach, describe, expect, test } from '@jest/globals';
import { RETRY } from '../../decide/training-job/fingerprint.ts';
import { PLAIN, RECIPE, TrainingWorld } from './testing.ts';

let world: TrainingWorld;
beforeEach(() => {
  world = new TrainingWorld();
});

const lostNode = {
  status: {
    phase: 'Running',
    conditions: [
      { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager', message: 'node is not ready' },
    ],
    containerStatuses: [{ name: 'train', state: { running: {} } }],
  },
};

/** One worker fails as given while the others run. */
async function loseWorker(end: object): Promise<void> {
  await world.reconcile();
  world.run();
  await world.reconcile();
  world.setPod(world.job(), 1, end);
  await world.reconcile();
}

describe('a worker that is lost with its node', () => {
  test('restarts the group: the Job goes first, then its pods, then the next try begins', async () => {
    world.create(PLAIN);
    await loseWorker(lostNode);
    expect(world.jobNames()).toEqual([]);
    expect(world.pods()).toEqual([]);
    expect(world.stage('train')).toMatchObject({ state: 'Waiting', attempt: 1, reason: 'NodeLost' });
    expect(world.conditions()).toBe('Ready=False Restarting, Reconciling=True Restarting, Trained=Unknown Restarting');
    expect(world.message()).toContain('Node node-1 of worker 1 was lost: node is not ready. Check the node.');
    await world.reconcile();
    expect(world.jobNames()).toEqual(['iris-r1-train-2']);
    expect(world.status().run).toMatchObject({ number: 1, restarts: 1 });
    expect(world.conditions()).toBe('Ready=False Running, Reconciling=True Running, Trained=Unknown Running');
    world.end();
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Succeeded, Trained=True Done');
    expect(world.cluster.events.map(({ event }) => event.reason)).toEqual(['Restarted']);
  });

  test('is not waited for when its pod stays for ever', async () => {
    world.create(PLAIN);
    await world.reconcile();
    world.run();
    const pod = world.pods()[1];
    if (pod === undefined) throw new Error('no pod');
    world.cluster.server.edit(world.podRef(pod), ({ metadata }) => (metadata.finalizers = ['test/stays']));
    await loseWorker(lostNode);
    expect(world.pods()).toHaveLength(1);
    expect((await world.reconcile()).requeueAfterMs).toBe(30_000);
    expect(world.status().waitingFor).toContain('starts when the Jobs and pods of earlier tries are gone');
    world.now += 61_000;
    await world.reconcile();
    expect(world.jobNames()).toEqual(['iris-r1-train-2']);
  });

  test('fails the run when spec.maxRestarts is used up; raising it goes on with the same run', async () => {
    world.create({ ...PLAIN, maxRestarts: 1 });
    await loseWorker(lostNode);
    await loseWorker(lostNode);
    expect(world.conditions()).toBe('Ready=False NodeLost, Stalled=True NodeLost, Trained=False NodeLost');
    expect(world.message()).toContain('It was restarted once already, as often as spec.maxRestarts allows');
    expect(world.status()).toMatchObject({ phase: 'Failed', runs: [{ number: 1, outcome: 'Failed' }] });
    world.edit(({ spec }) => (spec.maxRestarts = 2));
    await world.reconcile();
    await world.reconcile();
    expect(world.job().metadata.name).toBe('iris-r1-train-3');
    expect(world.status().phase).toBe('Training');
  });
});

describe('a program that fails', () => {
  test('is not started again, and its last lines are told', async () => {
    world.create(PLAIN);
    await world.reconcile();
    world.end({ exitCode: 1, message: 'Traceback\nValueError: no column "x"' });
    await world.reconcile();
    expect(world.conditions()).toBe(
      'Ready=False ProgramFailed, Stalled=True ProgramFailed, Trained=False ProgramFailed',
    );
    expect(world.message()).toContain('ended with exit code 1. Its last lines:\nTraceback\nValueError: no column "x"');
    expect(world.message()).toContain(RETRY);
    world.cluster.writes.length = 0;
    expect(await world.reconcile()).toEqual({});
    expect(world.cluster.writes).toEqual([]);
  });

  test('is started again with restartOn: AnyFailure', async () => {
    world.create({ ...PLAIN, restartOn: 'AnyFailure' });
    await world.reconcile();
    world.end({ exitCode: 1 });
    await world.reconcile();
    expect(world.job().metadata.name).toBe('iris-r1-train-2');
  });

  test('goes on with a new value of the annotation, in the same run', async () => {
    world.create(PLAIN);
    await world.reconcile();
    world.end({ exitCode: 1 });
    await world.reconcile();
    world.annotate(RETRY, 'now');
    await world.reconcile();
    expect(world.job().metadata.name).toBe('iris-r1-train-2');
    world.end();
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Succeeded, Trained=True Done');
    expect(world.status().runs).toHaveLength(1);
  });

  test('is told apart from its workers, which fail because it did: the first counts', async () => {
    world.create({ ...PLAIN, workers: { count: 3 } });
    await world.reconcile();
    const job = world.job();
    world.setPod(job, 0, { exitCode: 143, laterSeconds: 9 });
    world.setPod(job, 1, { exitCode: 3, message: 'the cause' });
    world.setPod(job, 2, { exitCode: 1, message: 'connection lost', laterSeconds: 2 });
    await world.reconcile();
    expect(world.message()).toContain('of worker 1 ended with exit code 3. Its last lines:\nthe cause');
  });

  test('for memory tells the limit, and is not started again', async () => {
    world.create({ ...PLAIN, workers: { count: 2, resources: { limits: { memory: '2Gi' } } } });
    await world.reconcile();
    const job = world.job();
    world.setPod(job, 0, { exitCode: 1, message: 'peer is gone' });
    world.setPod(job, 1, { exitCode: 137, reason: 'OOMKilled', laterSeconds: 3 });
    await world.reconcile();
    expect(world.conditions()).toContain('Ready=False OutOfMemory, Stalled=True OutOfMemory');
    expect(world.message()).toContain(
      'Container "train" of worker 1 needed more memory than its limit of 2Gi and was killed. Raise spec.workers.resources.limits.memory.',
    );
    world.edit(({ spec }) => Object.assign(spec.workers ?? {}, { resources: { limits: { memory: '4Gi' } } }));
    world.endJob(job, false);
    await world.reconcile();
    expect(world.job().metadata.name).toBe('iris-r1-train-2');
  });
});

describe('a stage beside training', () => {
  test('is tried again with growing pauses, and a person is asked for after five tries', async () => {
    world.create(RECIPE);
    const seen: string[] = [];
    for (let attempt = 1; attempt <= 7; attempt += 1) {
      await world.reconcile();
      world.refuse('SourceUnreachable', true);
      const { requeueAfterMs = 0 } = await world.reconcile();
      seen.push(`${requeueAfterMs / 1000} s ${world.conditions().split(', ')[1] ?? ''}`);
      world.now += requeueAfterMs;
    }
    expect(seen).toEqual([
      '30 s Reconciling=True SourceUnreachable',
      '60 s Reconciling=True SourceUnreachable',
      '120 s Reconciling=True SourceUnreachable',
      '240 s Reconciling=True SourceUnreachable',
      '480 s Stalled=True SourceUnreachable',
      '960 s Stalled=True SourceUnreachable',
      '960 s Stalled=True SourceUnreachable',
    ]);
    expect(world.cluster.events.map(({ event }) => event.reason)).toEqual(['StageStarted', 'StageFailed']);
  });

  test('names the data set whose download failed', async () => {
    world.create(RECIPE);
    await world.reconcile();
    world.setPod(world.job(), 0, {
      status: {
        phase: 'Failed',
        initContainerStatuses: [
          {
            name: 'fetch-train',
            state: {
              terminated: {
                exitCode: 2,
                message: JSON.stringify({
                  ok: false,
                  reason: 'SourceNotFound',
                  message: 'no such file',
                  retryable: false,
                }),
              },
            },
          },
        ],
      },
    });
    await world.reconcile();
    expect(world.conditions()).toContain('Prepared=False SourceNotFound');
    expect(world.message()).toContain('Data set "train": no such file.');
  });

  test('below a threshold publishes nothing, keeps what was measured, and training is not repeated when it is lowered', async () => {
    world.create(RECIPE);
    for (const stage of ['prepare', 'train']) {
      await world.reconcile();
      expect(world.job().metadata.labels).toMatchObject({ 'aimass.dev/stage': stage });
      world.succeed();
    }
    await world.reconcile();
    world.refuse('ThresholdNotMet', false, { metrics: { accuracy: 0.8 }, rows: 20, failed: ['accuracy is 0.8'] });
    await world.reconcile();
    expect(world.conditions()).toBe(
      'Ready=False ThresholdNotMet, Stalled=True ThresholdNotMet, Prepared=True Done, Trained=True Done, Evaluated=False ThresholdNotMet',
    );
    expect(world.status()).toMatchObject({ evaluation: { metrics: { accuracy: 0.8 } }, runs: [{ outcome: 'Failed' }] });
    expect(world.status().artifact).toBeUndefined();
    world.edit(({ spec }) => (spec.evaluation = { thresholds: [{ metric: 'accuracy', min: 0.7 }] }));
    await world.reconcile();
    expect(world.job().metadata.name).toBe('iris-r1-evaluate-2');
    expect(world.status().run).toMatchObject({ number: 1 });
    await world.settle();
    expect(world.status().phase).toBe('Succeeded');
  });

  test('that crashes three times is given up', async () => {
    world.create(RECIPE);
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await world.reconcile();
      world.end({ exitCode: 139 });
      const { requeueAfterMs = 0 } = await world.reconcile();
      world.now += requeueAfterMs;
    }
    expect(world.conditions()).toBe('Ready=False StageCrashed, Stalled=True StageCrashed, Prepared=False StageCrashed');
  });
});

describe('time', () => {
  test('that is up ends the run and stops its pods', async () => {
    world.create({ ...PLAIN, deadline: '1h' });
    await world.reconcile();
    world.run();
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 30_000 });
    world.now += 30_000;
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 3_570_000 });
    world.now += 3_570_000;
    await world.reconcile();
    expect(world.conditions()).toBe(
      'Ready=False DeadlineExceeded, Stalled=True DeadlineExceeded, Trained=False DeadlineExceeded',
    );
    expect(world.jobNames()).toEqual([]);
  });

  test('to start together that is up gives the places back, and it is tried again without counting', async () => {
    world.create({ ...PLAIN, startTimeout: '10m' });
    await world.reconcile();
    world.run('iris', 1);
    world.now += 600_000;
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 30_000 });
    expect(world.conditions()).toContain('Ready=False StartTimeout, Reconciling=True StartTimeout');
    expect(world.message()).toContain('1 of 2 workers had started within spec.startTimeout (10m).');
    expect(world.jobNames()).toEqual([]);
    world.now += 30_000;
    await world.reconcile();
    expect(world.jobNames()).toEqual(['iris-r1-train-2']);
    expect(world.status().run?.restarts).toBeUndefined();
  });

  test('without a sign of life names the worker, and restarts when asked to', async () => {
    world.create(PLAIN);
    await world.reconcile();
    world.run();
    const message = 'Worker 1 has printed nothing since 12:00';
    world.voice = { stalled: [{ job: 'iris-r1-train-1', message }] };
    world.now += 60_000;
    await world.reconcile();
    expect(world.conditions()).toContain('Ready=False Stalled, Stalled=True Stalled');
    expect(world.message()).toContain('for longer than 10m. Worker 1 has printed nothing since 12:00.');
    world.edit(({ spec }) => (spec.stall = { after: '10m', restart: true }));
    await world.reconcile();
    expect(world.jobNames()).toEqual([]);
    await world.reconcile();
    expect(world.jobNames()).toEqual(['iris-r1-train-2']);
    expect(world.status().run?.restarts).toBe(1);
  });
});
