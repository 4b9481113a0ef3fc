import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Written } from '../../build/training-job/testing.ts';
import { PLAIN, RECIPE, REPORTS, TrainingWorld } from './testing.ts';

let world: TrainingWorld;
beforeEach(() => {
  world = new TrainingWorld();
});

const scheduled = { type: 'PodScheduled', status: 'True' };
const unschedulable = (message: string) => ({
  phase: 'Pending',
  conditions: [
    {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ],
});

const waitingContainer = (reason: string, message: string) => ({
  phase: 'Pending',
  conditions: [scheduled],
  containerStatuses: [{ name: 'train', image: 'trainer:1', state: { waiting: { reason, message } } }],
});

const event = (regarding: { metadata: { uid?: string | undefined } }, reason: string, message: string): void => {
  world.cluster.server.create({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: reason.toLowerCase(), namespace: 'team' },
    involvedObject: { uid: regarding.metadata.uid },
    type: 'Warning',
    reason,
    message,
  } as never);
};

describe('a group that does not start', () => {
  test.each([
    {
      name: 'for lack of a node says how many run and which one waits',
      status: unschedulable('0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available.'),
      want: '1 of 2 workers run; worker 1 waits: No node can take it: 0/1 nodes are available: 1 Insufficient cpu. Free capacity, change spec.workers.resources or spec.placement, or add a node.',
      ready: 'Unschedulable, Reconciling=True Unschedulable',
    },
    {
      name: 'for its volume claim',
      status: unschedulable('0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.'),
      want: '1 of 2 workers run; worker 1 waits: Its volume claim is not bound: 0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. Check the claim with "kubectl describe pvc", its storage class, and whether the class has room.',
      ready: 'Unschedulable, Reconciling=True Unschedulable',
    },
    {
      name: 'for an image that is not there',
      status: waitingContainer('ImagePullBackOff', 'Back-off pulling image "trainer:1": ErrImagePull: not found'),
      want: '1 of 2 workers run; worker 1 waits: Image trainer:1 cannot be pulled: not found. Check the image name, and the login in imagePullSecrets.',
      ready: 'ImagePullFailed, Stalled=True ImagePullFailed',
    },
    {
      name: 'for a Secret that is not there',
      status: waitingContainer('CreateContainerConfigError', 'secret "token" not found'),
      want: '1 of 2 workers run; worker 1 waits: secret "token" not found. Create Secret "token" in this namespace, or correct the TrainingJob that names it.',
      ready: 'Starting, Stalled=True Starting',
    },
  ])('$name', async ({ status, want, ready }) => {
    world.create(PLAIN);
    await world.reconcile();
    world.setPod(world.job(), 0, {});
    world.setPod(world.job(), 1, { status });
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 2_000 });
    expect(world.status().waitingFor).toBeUndefined();
    world.now += 2_000;
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 15_000 });
    expect(world.status().waitingFor).toBe(want);
    expect(world.conditions()).toContain(`Ready=False ${ready}`);
    world.cluster.writes.length = 0;
    await world.reconcile();
    expect(world.cluster.writes).toEqual([]);
    world.run();
    await world.reconcile();
    expect(world.status().waitingFor).toBeUndefined();
    expect(world.conditions()).toContain('Ready=False Running, Reconciling=True Running');
  });

  test('because a quota refuses its pods is told by events', async () => {
    world.create(PLAIN);
    await world.reconcile();
    event(world.job(), 'FailedCreate', 'Error creating: pods "x" is forbidden: exceeded quota: team, requested: cpu=1');
    await world.reconcile();
    expect(world.status().waitingFor).toBeUndefined();
    world.now += 15_000;
    await world.reconcile();
    expect(world.status().waitingFor).toBe(
      'A quota of the namespace does not allow the pods: exceeded quota: team, requested: cpu=1. Free some of the quota, have it raised, or lower spec.workers.resources.',
    );
    expect(world.conditions()).toContain('Ready=False QuotaExceeded, Stalled=True QuotaExceeded');
  });

  test('because a volume cannot be mounted is told by events of the pod', async () => {
    world.create(PLAIN);
    await world.reconcile();
    world.setPod(world.job(), 0, { status: { phase: 'Pending', conditions: [scheduled] } });
    event(world.pods()[0] ?? world.job(), 'FailedMount', 'configmap "code" not found');
    world.now += 15_000;
    await world.reconcile();
    expect(world.status().waitingFor).toBe(
      '0 of 2 workers run; worker 0 waits: configmap "code" not found. Create ConfigMap "code" in this namespace, or correct the TrainingJob that names it.',
    );
  });

  test('because of its downloads has started: they may take their time, and what comes after them is told', async () => {
    world.create(RECIPE);
    await world.reconcile();
    const downloading = {
      phase: 'Pending',
      conditions: [scheduled],
      initContainerStatuses: [{ name: 'fetch-train', state: { running: {} } }],
    };
    world.setPod(world.job(), 0, { status: downloading });
    world.now += 2 * 3_600_000;
    expect(await world.reconcile()).toEqual({});
    expect(world.conditions()).toContain('Ready=False Running');
    const through = { name: 'fetch-train', state: { terminated: { exitCode: 0 } } };
    const pulling = {
      name: 'prepare',
      image: 'toolkit:1',
      state: { waiting: { reason: 'ErrImagePull', message: 'no' } },
    };
    world.setPod(world.job(), 0, {
      status: { ...downloading, initContainerStatuses: [through], containerStatuses: [pulling] },
    });
    await world.reconcile();
    expect(world.status().waitingFor).toBe(
      'Stage prepare waits: Image toolkit:1 cannot be pulled: no. Check the image name, and the login in imagePullSecrets.',
    );
  });

  test('a person is asked for after ten minutes without a node', async () => {
    world.create(PLAIN);
    await world.reconcile();
    world.setPod(world.job(), 0, { status: unschedulable('0/1 nodes are available: 1 Insufficient cpu.') });
    world.now += 600_000;
    await world.reconcile();
    expect(world.conditions()).toContain('Ready=False Unschedulable, Stalled=True Unschedulable');
  });

  test('in a queue of Kueue waits without a limit of time', async () => {
    world.create({ ...PLAIN, queueName: 'team-queue' });
    await world.reconcile();
    const { metadata } = world.job();
    world.cluster.server.edit(
      { apiVersion: 'batch/v1', kind: 'Job', namespace: 'team', name: metadata.name },
      (copy: never) => Object.assign((copy as { spec: object }).spec, { suspend: true }),
    );
    world.now += 7_200_000;
    expect(await world.reconcile()).toEqual({});
    expect(world.conditions()).toContain('Ready=False Queued, Reconciling=True Queued');
    expect(world.status().waitingFor).toContain('Queue "team-queue" has not admitted the Job yet.');
  });
});

describe('a refusal of the API server', () => {
  const isJob = ({ kind }: { kind: string }): boolean => kind === 'Job';

  test.each([
    { reason: 'QuotaExceeded' as const, want: 'QuotaExceeded' },
    { reason: 'Forbidden' as const, want: 'Forbidden' },
    { reason: 'Invalid' as const, want: 'InvalidSpec' },
  ])('$reason stalls the job, which is tried again', async ({ reason, want }) => {
    world.create(PLAIN);
    const allow = world.cluster.refuse(isJob, { code: 403, reason, message: 'no' });
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 60_000 });
    expect(world.conditions()).toBe(`Ready=False ${want}, Stalled=True ${want}`);
    expect(world.status().phase).toBe('Pending');
    allow();
    await world.reconcile();
    expect(world.jobNames()).toEqual(['iris-r1-train-1']);
  });

  test('because the namespace is going away is no news', async () => {
    world.create(PLAIN);
    const message = 'unable to create new content in namespace team because it is being terminated';
    world.cluster.refuse(isJob, { code: 403, reason: 'Forbidden', message });
    expect(await world.reconcile()).toEqual({});
    expect(world.status()).toEqual({});
  });

  test('for a name that somebody else has says whose it is', async () => {
    world.cluster.server.create({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'iris-r1-train-1', namespace: 'team' },
    });
    world.create(PLAIN);
    await world.reconcile();
    expect(world.conditions()).toContain('Ready=False NameTaken, Stalled=True NameTaken');
    expect(world.message()).toBe(
      'Job "iris-r1-train-1" exists already and was not made for this TrainingJob; remove it, or choose another name.',
    );
  });
});

describe('a base Model', () => {
  const { prepare: _prepare, ...rest } = RECIPE;
  const FINE_TUNED: Written = { ...rest, recipe: { name: 'text-classification' }, baseModel: { name: 'bert' } };

  test('that is missing is waited for, then a person is asked for', async () => {
    world.create(FINE_TUNED);
    // Nothing but the end of the grace: the Model wakes the job when it comes.
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 120_000 });
    expect(world.conditions()).toBe('Ready=False BaseModelMissing, Reconciling=True BaseModelMissing');
    world.now += 120_000;
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False BaseModelMissing, Stalled=True BaseModelMissing');
    expect(world.status().waitingFor).toBe(
      'Model "bert" does not exist in namespace team; create it, or correct spec.baseModel.name.',
    );
  });

  test('that is not verified is waited for, and its digest is kept when it is', async () => {
    world.createModel('bert', false);
    world.create(FINE_TUNED);
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False BaseModelNotVerified, Reconciling=True BaseModelNotVerified');
    world.verifyModel('bert');
    await world.reconcile();
    expect(world.jobNames()).toEqual(['iris-r1-prepare-1']);
    expect(world.status().baseModel).toEqual({ name: 'bert', digest: `sha256:${'b'.repeat(64)}` });
  });
});

describe('a spec that cannot be trained', () => {
  test('says why, starts nothing, and is looked at again when it is changed', async () => {
    world.create({ ...PLAIN, command: ['train', '--lr=$(parameters.learningRate)'] });
    expect(await world.reconcile()).toEqual({});
    expect(world.conditions()).toBe('Ready=False InvalidSpec, Stalled=True InvalidSpec');
    expect(world.message()).toContain('$(parameters.learningRate) stands in command, args or env');
    expect(world.jobNames()).toEqual([]);
    world.edit(({ spec }) => (spec.parameters = { learningRate: 0.1 }));
    await world.reconcile();
    expect(world.jobNames()).toEqual(['iris-r1-train-1']);
  });
});

describe('suspend', () => {
  test('stops the pods, waits until they are gone, and goes on with a new try', async () => {
    world.create(PLAIN);
    await world.reconcile();
    world.run();
    await world.reconcile();
    const [pod] = world.pods();
    if (pod === undefined) throw new Error('no pod');
    world.cluster.server.edit(world.podRef(pod), ({ metadata }) => (metadata.finalizers = ['test/stays']));
    world.edit(({ spec }) => (spec.suspend = true));
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Suspended, Reconciling=True Suspended, Trained=Unknown Starting');
    expect(world.jobNames()).toEqual([]);
    world.cluster.server.edit(world.podRef(pod), ({ metadata }) => (metadata.finalizers = []));
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Suspended, Trained=Unknown Starting');
    expect(world.status().phase).toBe('Suspended');
    world.edit(({ spec }) => (spec.suspend = false));
    await world.reconcile();
    expect(world.jobNames()).toEqual(['iris-r1-train-2']);
    expect(world.status().run?.restarts).toBeUndefined();
  });

  test('from the beginning starts no run', async () => {
    world.create({ ...PLAIN, suspend: true });
    expect(await world.reconcile()).toEqual({});
    expect(world.conditions()).toBe('Ready=True Suspended');
    expect(world.status().run).toBeUndefined();
  });

  test('that comes when a stage has just reported keeps its result', async () => {
    world.create(RECIPE);
    await world.reconcile();
    world.succeed();
    world.edit(({ spec }) => (spec.suspend = true));
    await world.reconcile();
    expect(world.status().stages?.map(({ state }) => state)).toEqual([
      'Succeeded',
      'Waiting',
      'Waiting',
      'Waiting',
      'Waiting',
      'Waiting',
    ]);
  });
});

describe('a watch that lags', () => {
  test('does not lose what pods have reported: they are read again when the Job has ended', async () => {
    world.create(RECIPE);
    await world.reconcile();
    const job = world.job();
    world.cluster.pauseWatch();
    world.setPod(job, 0, { exitCode: 0, message: REPORTS.prepare });
    // Of what happens now the cache sees our own writes only.
    await world.cluster.reportStatus(job, { conditions: [{ type: 'Complete', status: 'True' }] });
    await world.reconcile();
    expect(world.stage('prepare')).toMatchObject({ state: 'Succeeded' });
  });
});

describe('what pods tell', () => {
  test('of a group that comes up slowly is written now and then, not with each worker', async () => {
    world.create({ image: 'trainer:1', workers: { count: 20 } });
    await world.reconcile();
    const job = world.job();
    for (let index = 0; index < 20; index += 1) {
      const status = unschedulable('0/1 nodes are available: 1 Insufficient cpu.');
      world.setPod(job, index, { status });
    }
    world.now += 2_000;
    await world.reconcile();
    world.cluster.writes.length = 0;
    for (let index = 0; index < 19; index += 1) {
      world.setPod(job, index, {});
      world.now += 1_000;
      await world.reconcile();
    }
    expect(world.cluster.writes.filter(({ verb }) => verb === 'status')).toHaveLength(1);
    expect(world.status().waitingFor).toMatch(/^10 of 20 workers run; worker 10 waits/);
  });

  test('is written every ten seconds, and the last words stay', async () => {
    world.create(PLAIN);
    await world.reconcile();
    world.run();
    world.now += 5_000;
    world.voice = { progress: { percent: 10 } };
    expect((await world.reconcile()).requeueAfterMs).toBe(5_000);
    expect(world.status().progress).toBeUndefined();
    world.now += 5_000;
    await world.reconcile();
    expect(world.status()).toMatchObject({ progress: { percent: 10 }, workers: { wanted: 2, running: 2 } });
    world.lastWords = { progress: { percent: 99 }, metrics: { latest: { loss: 0.1 } } };
    world.end();
    await world.reconcile();
    world.voice = undefined;
    world.lastWords = undefined;
    world.cluster.writes.length = 0;
    await world.reconcile();
    expect(world.cluster.writes).toEqual([]);
    expect(world.status()).toMatchObject({
      progress: { percent: 100 },
      metrics: { latest: { loss: 0.1 } },
      evaluation: { metrics: { loss: 0.1 }, source: 'Reported' },
    });
  });

  test('writes nothing after a restart of the operator', async () => {
    world.create(PLAIN);
    await world.reconcile();
    world.run();
    world.now += 5_000;
    await world.reconcile();
    world.restart();
    world.cluster.writes.length = 0;
    await world.reconcile();
    expect(world.cluster.writes).toEqual([]);
  });
});
