import { beforeEach, describe, expect, test } from '@jest/globals';
import { ApiError } from '../kube/api-errors.ts';
import type { KubeObject } from '../kube/cluster.ts';
import { Scene } from './testing.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});

const KEY = 'team/digits';
const JOB = { namespace: 'team', name: 'digits-r1-train-1' };

describe('one worker', () => {
  beforeEach(() => {
    scene.createJob();
    scene.createPod({ name: 'a' });
  });

  test('what it prints becomes progress and metrics, and wakes the reconciler', async () => {
    scene.print('a', 'starting', 'epoch=1 epochs=4 loss=0.5');
    await scene.watcher.round();
    expect(scene.watcher.of(KEY)).toMatchObject({
      progress: { percent: 25, step: 1, total: 4 },
      metrics: { latest: { loss: 0.5 }, best: { loss: 0.5 }, curve: [{ step: 1, values: { loss: 0.5 } }] },
      workers: { pods: [{ name: 'a', state: 'Running', lastLine: 'epoch=1 epochs=4 loss=0.5' }] },
    });
    expect(scene.woken).toEqual([KEY]);
  });

  test('nothing new wakes nobody; more does, every ten seconds', async () => {
    scene.print('a', 'step=1 loss=0.5');
    await scene.watcher.round();
    const { woken } = scene;
    await scene.pass(55);
    expect(woken).toHaveLength(1);
    let step = 1;
    await scene.pass(60, () => scene.print('a', `step=${(step += 1)} loss=0.4`));
    expect(woken).toHaveLength(7);
  });

  test('is read every five seconds from where it was left, once a line', async () => {
    scene.print('a', 'usefulness=3 step=1');
    await scene.watcher.round();
    await scene.clock.advance(500);
    scene.print('a', 'usefulness=2 step=2');
    await scene.pass(15);
    expect(scene.cluster.logs.reads).toHaveLength(4);
    expect(scene.cluster.logs.reads[0]).toEqual({
      namespace: 'team',
      name: 'a',
      container: 'train',
      tailLines: 2000,
      limitBytes: 1_048_576,
    });
    expect(scene.cluster.logs.reads[1]).toMatchObject({ sinceTime: scene.time(0) });
    expect(scene.watcher.of(KEY)?.metrics?.curve).toHaveLength(2);
  });

  test('a log that runs away is read from its end, and that is said', async () => {
    const flood = (from: number): string[] => Array.from({ length: 5000 }, (_, i) => `step=${from + i} loss=1`);
    scene.print('a', ...flood(1));
    await scene.watcher.round();
    expect(scene.watcher.of(KEY)?.metrics?.note).toBeUndefined();
    await scene.pass(10, (second) => scene.print('a', ...flood(5000 * second)));
    expect(scene.watcher.of(KEY)).toMatchObject({
      progress: { step: 54_999 },
      metrics: { note: 'Some lines were left out: it prints more than is read.' },
    });
  });

  test('long lines are read up to a limit, and from there the next time', async () => {
    const lines = Array.from({ length: 1500 }, (_, i) => `step=${i} loss=1 ${'x'.repeat(900)}`);
    scene.print('a', ...lines);
    await scene.watcher.round();
    const first = scene.watcher.of(KEY)?.progress?.step ?? 0;
    expect(first).toBeGreaterThan(1000);
    expect(first).toBeLessThan(1499);
    expect(scene.watcher.of(KEY)?.workers.pods?.[0]?.lastLine?.length).toBe(256);
  });

  test('a short job loses nothing: what ended between two rounds is read to its end, once', async () => {
    scene.print('a', 'step=1 loss=3');
    await scene.watcher.round();
    await scene.clock.advance(500);
    scene.print('a', 'step=2 loss=2', 'step=3 loss=1');
    scene.setPod({ name: 'a', endedAt: 3 });
    await scene.pass(20);
    expect(scene.watcher.of(KEY)).toMatchObject({
      metrics: { latest: { loss: 1 } },
      workers: { pods: [{ state: 'Succeeded' }] },
    });
    expect(scene.cluster.logs.reads).toHaveLength(2);
    expect(scene.woken).toHaveLength(2);
  });

  test('finalOf reads to the end at once, also what was never seen', async () => {
    scene.print('a', 'step=3 loss=1');
    scene.setPod({ name: 'a', endedAt: 3, exitCode: 1 });
    expect(await scene.watcher.finalOf(JOB)).toMatchObject({
      metrics: { latest: { loss: 1 } },
      workers: { pods: [{ state: 'Failed' }] },
    });
    expect(await scene.watcher.finalOf({ ...JOB, name: 'other' })).toBeUndefined();
    expect(scene.woken).toEqual([]);
  });

  test('finalOf and a round at the same time read each line once', async () => {
    scene.print('a', 'usefulness=1 loss=1', 'usefulness=2 loss=2');
    scene.setPod({ name: 'a', endedAt: 3 });
    await Promise.all([scene.watcher.round(), scene.watcher.finalOf(JOB), scene.watcher.finalOf(JOB)]);
    expect(scene.watcher.of(KEY)?.metrics?.curve).toHaveLength(2);
  });

  test('finalOf says when the log cannot be read', async () => {
    scene.setPod({ name: 'a', endedAt: 3 });
    scene.cluster.logs.failWith(new ApiError({ code: 500, message: 'connection refused' }));
    await expect(scene.watcher.finalOf(JOB)).rejects.toThrow('connection refused');
  });

  test('a pod that has not started is not read', async () => {
    scene = new Scene();
    scene.createJob();
    scene.createPod({ name: 'a' });
    scene.cluster.server.setStatus(
      { apiVersion: 'v1', kind: 'Pod', namespace: 'team', name: 'a' },
      { phase: 'Pending' },
    );
    await scene.watcher.round();
    expect(scene.cluster.logs.reads).toEqual([]);
    expect(scene.watcher.of(KEY)?.workers.pods).toEqual([{ name: 'a', state: 'Waiting' }]);
  });
});

describe('the API server refuses', () => {
  test('a node that does not answer is asked less and less often, and holds up no other', async () => {
    scene.createJob();
    scene.createPod({ name: 'a' });
    scene.cluster.logs.failWith(new ApiError({ code: 500, message: 'connection refused' }));
    await scene.pass(600);
    expect(scene.reads().a).toBeLessThan(9);
    scene.cluster.logs.failWith();
    scene.print('a', 'step=1 loss=1');
    await scene.pass(300);
    expect(scene.watcher.of(KEY)?.progress?.step).toBe(1);
  });

  test('at its limits, all reads wait', async () => {
    scene.createJob();
    for (let index = 0; index < 20; index += 1) scene.createPod({ name: `a-${index}`, index });
    scene.cluster.logs.failWith(new ApiError({ code: 429, message: 'too many requests' }));
    await scene.watcher.round();
    expect(scene.cluster.logs.reads.length).toBeLessThanOrEqual(8);
  });

  test('a missing right is named', async () => {
    scene.createJob();
    scene.createPod({ name: 'a' });
    scene.cluster.logs.failWith(new ApiError({ code: 403, message: 'forbidden' }));
    await scene.pass(60);
    expect(scene.reads()).toEqual({ a: 1 });
    expect(scene.watcher.of(KEY)?.metrics?.note).toBe(
      'The operator may not read the logs of pods: allow it to get pods/log in this namespace.',
    );
  });
});

describe('many workers', () => {
  const createWorkers = (count: number): void => {
    scene.createJob();
    for (let index = 0; index < count; index += 1) {
      scene.createPod({ name: `a-${index}`, index });
      scene.print(`a-${index}`, `started ${index}`);
    }
  };

  test('the first speaks; the others are read briefly, every thirty seconds, eight at once', async () => {
    createWorkers(12);
    const { cluster } = scene;
    const readLog = cluster.readLog.bind(cluster);
    let now = 0;
    let most = 0;
    cluster.readLog = async (query) => {
      most = Math.max(most, (now += 1));
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return readLog(query);
    };
    await scene.watcher.round();
    await scene.pass(60);
    expect(most).toBe(8);
    expect(scene.reads()).toMatchObject({ 'a-0': 13, 'a-1': 3, 'a-11': 3 });
    expect(cluster.logs.reads.find(({ name }) => name === 'a-1')?.tailLines).toBe(50);
  });

  test('when the first tells nothing, the first that does speaks', async () => {
    createWorkers(3);
    await scene.pass(60, (second) => scene.print('a-2', `step=${second} loss=1`));
    expect(scene.watcher.of(KEY)).toMatchObject({ progress: { step: 55 }, metrics: { latest: { loss: 1 } } });
  });

  test('at the end only the one that speaks is read, of however many', async () => {
    createWorkers(5);
    scene.print('a-0', 'step=1 loss=1');
    for (let index = 0; index < 5; index += 1) scene.setPod({ name: `a-${index}`, endedAt: 3 });
    expect(await scene.watcher.finalOf(JOB)).toMatchObject({ metrics: { latest: { loss: 1 } } });
    expect(scene.reads()).toEqual({ 'a-0': 1 });
  });

  test('one that neither prints nor computes is named, with its last line', async () => {
    createWorkers(2);
    await scene.pass(720, (second) => {
      scene.print('a-0', `step=${second} loss=1`);
      scene.measure('a-0', '900m');
      scene.measure('a-1', '5m');
    });
    const voice = scene.watcher.of(KEY);
    expect(voice).toMatchObject({ workers: { stalled: ['a-1'], pods: [{ state: 'Running' }, { state: 'Stalled' }] } });
    expect(voice?.stalled).toEqual([
      {
        name: 'a-1',
        job: 'digits-r1-train-1',
        sinceMs: scene.startMs + 5000,
        message: `Worker 1 (pod a-1) has printed nothing and used no processor since ${scene.time(5)}. It last printed: started 1`,
      },
    ]);
  });

  test('one that computes in silence does not hang', async () => {
    createWorkers(1);
    await scene.pass(1200, () => scene.measure('a-0', '900m'));
    expect(scene.watcher.of(KEY)?.stalled).toEqual([]);
  });

  test('without a metrics API silence alone counts, for as long as the job says', async () => {
    createWorkers(1);
    scene.cluster.server.edit(
      { apiVersion: 'aimass.dev/v1alpha1', kind: 'TrainingJob', namespace: 'team', name: 'digits' },
      (job: KubeObject & { spec?: object }) => void (job.spec = { stall: { after: '2m' } }),
    );
    await scene.pass(115);
    expect(scene.watcher.of(KEY)?.workers.stalled).toBeUndefined();
    await scene.pass(10);
    expect(scene.watcher.of(KEY)?.workers.stalled).toEqual(['a-0']);
    scene.print('a-0', 'awake');
    await scene.pass(5);
    expect(scene.watcher.of(KEY)?.workers.stalled).toBeUndefined();
  });

  test('a log that cannot be read is no silence', async () => {
    createWorkers(1);
    scene.cluster.logs.failWith(new ApiError({ code: 500, message: 'connection refused' }));
    await scene.pass(1200);
    expect(scene.watcher.of(KEY)?.stalled).toEqual([]);
  });

  test('one that lags behind is named, with figures', async () => {
    createWorkers(3);
    await scene.pass(300, (second) => {
      for (const [index, speed] of [10, 10, 5].entries()) scene.print(`a-${index}`, `step=${second * speed} loss=1`);
    });
    expect(scene.watcher.of(KEY)).toMatchObject({ workers: { stragglers: ['a-2'] } });
    expect(scene.watcher.of(KEY)?.stragglers[0]?.message).toContain('Worker 2 (pod a-2) is at step 1');
  });
});

describe('usage', () => {
  test('core seconds add up, peaks stay, devices count by the time of the pod', async () => {
    scene.createJob();
    scene.createPod({ name: 'a', gpus: 2 });
    scene.print('a', 'step=1 loss=1');
    await scene.pass(60, (second) => scene.measure('a', '2', second === 35 ? '900Mi' : '100Mi'));
    scene.setPod({ name: 'a', endedAt: 60 });
    await scene.pass(60);
    expect(scene.watcher.of(KEY)?.resources).toEqual({
      cpuSeconds: 120,
      gpuSeconds: 120,
      peakMemoryBytes: 900 * 2 ** 20,
    });
  });

  test('those of pods that are gone stay, and those from before a restart of the operator', async () => {
    scene.createJob();
    scene.createPod({ name: 'a', gpus: 1 });
    await scene.pass(100);
    scene.print('a', 'step=1 loss=1');
    await scene.pass(5);
    scene.deletePod('a');
    scene.createPod({ name: 'b', attempt: 2, job: 'digits-r1-train-2', gpus: 1, startedAt: 105 });
    scene.print('b', 'step=1 loss=1');
    await scene.pass(20);
    scene.setPod({ name: 'b', startedAt: 105, endedAt: 125 });
    await scene.pass(5);
    const voice = scene.watcher.of(KEY);
    expect(voice).toMatchObject({ resources: { gpuSeconds: 130 } });
    scene.setStatus({
      phase: 'Training',
      run: { number: 1 },
      ...voice,
      resources: { ...voice?.resources, cpuSeconds: 7 },
    });
    scene.restart();
    await scene.pass(5);
    expect(scene.watcher.of(KEY)?.resources).toEqual({ cpuSeconds: 7, gpuSeconds: 130 });
  });

  test('a metrics API that is not there is asked for every five minutes', async () => {
    scene.createJob();
    scene.createPod({ name: 'a' });
    let asked = 0;
    const { cluster } = scene;
    cluster.readAll = () => {
      asked += 1;
      return Promise.reject(new ApiError({ code: 404, message: 'the server could not find the requested resource' }));
    };
    await scene.pass(900);
    expect(asked).toBe(3);
    expect(scene.watcher.of(KEY)?.resources).toEqual({});
  });
});

describe('a search', () => {
  const spec = { search: { objective: { metric: 'auc', goal: 'maximize' } } };
  const createTrial = (trial: number): void => {
    const job = `digits-r1-train-t${trial}-1`;
    scene.createPod({ name: `t${trial}`, job, trial, parameters: { nEstimators: 10 } });
  };

  test('each trial has its own values', async () => {
    scene.createJob(spec);
    createTrial(0);
    createTrial(1);
    scene.print('t0', "[1]\tvalid's auc: 0.8", "[2]\tvalid's auc: 0.7");
    scene.print('t1', "[1]\tvalid's auc: 0.9");
    await scene.watcher.round();
    const voice = scene.watcher.of(KEY);
    expect(voice?.progress).toEqual({ observedAt: scene.time(0) });
    expect(voice).not.toHaveProperty('metrics');
    expect([...(voice?.trialValues ?? [])]).toEqual([
      [
        0,
        {
          latest: 0.7,
          best: 0.8,
          curve: [
            [1, 0.8],
            [2, 0.7],
          ],
        },
      ],
      [1, { latest: 0.9, best: 0.9, curve: [[1, 0.9]] }],
    ]);
  });

  test('a trial that hangs is named, with its Job, and wakes the reconciler', async () => {
    scene.createJob({ ...spec, stall: { after: '2m' } });
    createTrial(0);
    createTrial(1);
    scene.print('t1', 'started');
    await scene.pass(110, () => scene.print('t0', 'step=1 auc=0.8'));
    scene.woken.length = 0;
    await scene.pass(20, () => scene.print('t0', 'step=1 auc=0.8'));
    expect(scene.woken).toContain(KEY);
    expect(scene.watcher.of(KEY)?.stalled).toEqual([
      {
        name: 't1',
        job: 'digits-r1-train-t1-1',
        sinceMs: scene.startMs,
        message: `Worker 0 of trial 1 (pod t1) has printed nothing since ${scene.time(0)}. It last printed: started`,
      },
    ]);
  });

  test('trialValue reads a trial that has ended to its end', async () => {
    scene.createJob(spec);
    createTrial(0);
    scene.print('t0', 'step=1 auc=0.8');
    await scene.watcher.round();
    await scene.clock.advance(500);
    scene.print('t0', 'step=2 auc=0.9');
    scene.setPod({ name: 't0', endedAt: 2 });
    const job = { namespace: 'team', name: 'digits-r1-train-t0-1' };
    expect((await scene.watcher.trialValue({ ...job, isEnded: false })).latest).toBe(0.8);
    expect((await scene.watcher.trialValue({ ...job, isEnded: true })).latest).toBe(0.9);
    expect(await scene.watcher.trialValue({ ...job, name: 'gone', isEnded: true })).toEqual({ curve: [] });
  });
});

describe('restarts', () => {
  test('a new try of the training goes on with its curve, from the checkpoint', async () => {
    scene.createJob();
    scene.createPod({ name: 'a' });
    scene.print('a', 'step=1 loss=4', 'step=2 loss=3', 'step=3 loss=2');
    await scene.watcher.round();
    scene.createPod({ name: 'b', attempt: 2, job: 'digits-r1-train-2' });
    scene.print('b', 'step=3 loss=2.5');
    await scene.pass(15);
    expect(scene.watcher.of(KEY)).toMatchObject({ workers: { pods: [{ name: 'b' }] } });
    expect(scene.watcher.of(KEY)?.metrics?.curve?.map(({ values }) => values.loss)).toEqual([4, 3, 2.5]);
  });

  test('a new run begins anew', async () => {
    scene.createJob();
    scene.createPod({ name: 'a' });
    scene.print('a', 'step=1 loss=4');
    await scene.watcher.round();
    scene.createPod({ name: 'b', run: 2, job: 'digits-r2-train-1' });
    scene.print('b', 'step=1 accuracy=0.5');
    await scene.pass(5);
    expect(scene.watcher.of(KEY)?.metrics?.latest).toEqual({ accuracy: 0.5 });
  });

  test('after a restart of the operator the log is read from where status ends', async () => {
    const progress = { percent: 50, step: 50, total: 100, observedAt: scene.time(100) };
    const curve = [
      { step: 10, values: { loss: 2 } },
      { step: 50, values: { loss: 1 } },
    ];
    const status = {
      phase: 'Training',
      run: { number: 1 },
      progress,
      metrics: { latest: { loss: 1 }, best: { loss: 1 }, curve },
    };
    scene.createJob({}, status);
    scene.createPod({ name: 'a' });
    await scene.clock.advance(110_000);
    scene.print('a', 'step=60 steps=100 loss=0.9');
    await scene.watcher.round();
    expect(scene.cluster.logs.reads[0]?.sinceTime).toBe(scene.time(70));
    expect(scene.watcher.of(KEY)).toMatchObject({
      progress: { percent: 60, step: 60 },
      metrics: { best: { loss: 0.9 }, curve: [...curve, { step: 60, values: { loss: 0.9 } }] },
    });
  });

  test('jobs that are done with are forgotten, those between two tries are not', async () => {
    scene.createJob();
    scene.createPod({ name: 'a' });
    scene.print('a', 'step=1 loss=4');
    await scene.watcher.round();
    scene.deletePod('a');
    await scene.pass(5);
    expect(scene.watcher.of(KEY)).toBeDefined();
    scene.setStatus({ phase: 'Succeeded', run: { number: 1 } });
    await scene.pass(5);
    expect(scene.watcher.of(KEY)).toBeUndefined();
  });
});

describe('what is over is not listened to again by a new process', () => {
  test.each([
    { name: 'a run that has ended', status: { run: { number: 1, finishedAt: '2026-01-01T00:00:00Z' } }, reads: 0 },
    { name: 'a training that is done', status: { stages: [{ name: 'train', state: 'Succeeded' }] }, reads: 0 },
    { name: 'an earlier run', status: { run: { number: 2 } }, reads: 0 },
    { name: 'but a try that failed, while the run goes on, is', status: {}, reads: 1 },
  ])('$name', async ({ status, reads }) => {
    scene.createJob({}, { phase: 'Training', run: { number: 1 }, ...status });
    scene.createPod({ name: 'a', endedAt: 1, exitCode: 1 });
    scene.print('a', 'step=1 loss=1');
    await scene.restart().round();
    expect(scene.cluster.logs.reads).toHaveLength(reads);
  });
});

test('goes round until it is stopped', async () => {
  scene.createJob();
  scene.createPod({ name: 'a' });
  scene.print('a', 'step=1 loss=1');
  scene.watcher.start();
  await scene.clock.advance(11_000);
  await scene.watcher.stop();
  expect(scene.cluster.logs.reads).toHaveLength(3);
  expect(scene.clock.waiting).toBe(0);
});
