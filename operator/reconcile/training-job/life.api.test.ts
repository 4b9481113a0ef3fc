import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { StageName, TrainingJobStatus } from '../../../crds/schema/training/status.ts';
import { Label } from '../../build/labels.ts';
import type { Pod } from '../../decide/training-job/observed.ts';
import type { KubeObject } from '../../kube/cluster.ts';
import { eventually } from '../../kube/testing/api-server.ts';
import { OperatorUnderTest } from '../../testing/operator-under-test.ts';
import { FETCHED, PLAIN, RECIPE, REPORTS } from './testing.ts';
import { podStatus, type End } from './testing-pods.ts';

type StoredJob = TrainingJob & KubeObject;
type StoredPod = Pod & KubeObject;

const TRAINING_JOB = { apiVersion: 'aimass.dev/v1alpha1', kind: 'TrainingJob' } as const;
const POD = { apiVersion: 'v1', kind: 'Pod' } as const;
const PATIENCE_MS = 90_000;

describe('TrainingJobs among the controllers of a real cluster without nodes', () => {
  let world: OperatorUnderTest;
  let namespace: string;
  let serial = 0;

  beforeAll(async () => {
    const settings = { runtimeImage: 'runtime:1', training: { registry: 'registry:5000' } };
    world = await OperatorUnderTest.prepare(settings, { controllers: true });
    await world.startOperator();
  }, 120_000);

  afterAll(async () => {
    await world?.stop();
  });

  beforeEach(async () => {
    serial += 1;
    namespace = `t${serial}`;
    await world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    await eventually(() => world.get({ apiVersion: 'v1', kind: 'ServiceAccount' }, 'default', namespace));
  });

  const create = (spec: object, name = 'iris'): Promise<StoredJob> =>
    world.create({ ...TRAINING_JOB, metadata: { name, namespace }, spec } as StoredJob);

  const statusWith = (holds: (status: TrainingJobStatus) => boolean, name = 'iris'): Promise<TrainingJobStatus> =>
    eventually(async () => {
      const { status } = (await world.get<StoredJob>(TRAINING_JOB, name, namespace)) ?? {};
      return status !== undefined && holds(status) ? status : undefined;
    }, PATIENCE_MS).catch(async (cause: unknown) => {
      const job = await world.get<StoredJob>(TRAINING_JOB, name, namespace);
      throw new Error(`the status is ${JSON.stringify(job?.status)}; ${world.log.slice(-2000)}`, { cause });
    });

  /** The pods of a try, once the Job controller has made them all. */
  const podsOf = (stage: StageName, { attempt = 1, count = 1 } = {}): Promise<readonly StoredPod[]> =>
    eventually(async () => {
      const pods = await world.list<StoredPod>(POD, namespace);
      const found = pods.filter(
        ({ metadata: { labels = {} } }) => labels[Label.stage] === stage && labels[Label.attempt] === String(attempt),
      );
      return found.length === count ? found : undefined;
    }, PATIENCE_MS);

  /** What the kubelet would say of a pod, whatever the scheduler said meanwhile. */
  const tell = ({ metadata, ...pod }: StoredPod, stage: StageName, end: End): Promise<unknown> => {
    const { resourceVersion: _version, ...rest } = metadata;
    const status = podStatus(stage, end, Date.now());
    return world.replace({ ...pod, metadata: rest, status } as StoredPod, '/status');
  };

  const succeed = async (stage: StageName): Promise<void> => {
    const fetched = stage === 'prepare' ? { 'fetch-train': FETCHED } : {};
    for (const pod of await podsOf(stage)) await tell(pod, stage, { exitCode: 0, message: REPORTS[stage], fetched });
  };

  const ready = ({ conditions }: TrainingJobStatus) => conditions?.find(({ type }) => type === 'Ready');

  test(
    'a recipe goes through its stages, and a Model is left that follows it',
    async () => {
      await create(RECIPE);
      for (const stage of ['prepare', 'train', 'evaluate', 'convert', 'compress', 'publish'] as const)
        await succeed(stage);
      const status = await statusWith(({ phase }) => phase === 'Succeeded');
      expect(ready(status)).toMatchObject({ status: 'True', reason: 'Succeeded' });
      expect(status.conditions?.map(({ type, status: value }) => `${type}=${value}`)).toEqual([
        'Ready=True',
        'Prepared=True',
        'Trained=True',
        'Evaluated=True',
        'Converted=True',
        'Compressed=True',
        'Published=True',
      ]);
      expect(status).toMatchObject({
        data: [{ name: 'train' }],
        artifact: { run: 1 },
        run: { workspace: 'iris-workspace' },
      });
      const model = await world.get<KubeObject>({ ...TRAINING_JOB, kind: 'Model' }, 'iris', namespace);
      expect(model).toMatchObject({ spec: { source: { trainingJob: { name: 'iris' } } } });
    },
    PATIENCE_MS,
  );

  test(
    'two workers cost a Service, a Job and two writes of status; a restart of the operator costs nothing',
    async () => {
      const before = world.writes().length;
      await create(PLAIN, 'pair');
      for (const pod of await podsOf('train', { count: 2 })) await tell(pod, 'train', { exitCode: 0 });
      await statusWith(({ phase }) => phase === 'Succeeded', 'pair');
      await world.stopOperator();
      await world.startOperator();
      // Once the new operator has seen to a job that is newer, it has also seen to this one.
      await create({ ...PLAIN, suspend: true }, 'newer');
      await statusWith(({ phase }) => phase === 'Suspended', 'newer');
      const writes = world
        .writes()
        .slice(before)
        .filter(({ name }) => name.startsWith('pair'));
      expect(writes.map(({ verb, resource }) => `${verb} ${resource}`)).toEqual([
        'patch services',
        'patch jobs',
        'patch trainingjobs/status',
        'patch trainingjobs/status',
      ]);
    },
    PATIENCE_MS,
  );

  test(
    'a lost worker restarts the group under the real Job controller',
    async () => {
      await create(PLAIN);
      const [first, second] = await podsOf('train', { count: 2 });
      if (first === undefined || second === undefined) throw new Error('no pods');
      await tell(first, 'train', {});
      const conditions = [
        { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager', message: 'gone' },
      ];
      await tell(second, 'train', { status: { phase: 'Failed', conditions } });
      for (const pod of await podsOf('train', { attempt: 2, count: 2 })) await tell(pod, 'train', { exitCode: 0 });
      const status = await statusWith(({ phase }) => phase === 'Succeeded');
      expect(status.run).toMatchObject({ number: 1, restarts: 1 });
    },
    PATIENCE_MS,
  );

  test(
    'a cluster without nodes is told in one sentence, suspended, and taken away without leftovers',
    async () => {
      const job = await create({ ...PLAIN, workspace: {} });
      const waiting = await statusWith(({ waitingFor }) => waitingFor !== undefined);
      expect(waiting.waitingFor).toMatch(/^0 of 2 workers run; worker \d waits: The cluster has no nodes; add one\.$/);
      const live = await world.get<StoredJob>(TRAINING_JOB, 'iris', namespace);
      if (live === undefined) throw new Error('no job');
      await world.replace({ ...live, spec: { ...live.spec, suspend: true } });
      const suspended = await statusWith((status) => status.phase === 'Suspended' && status.conditions?.length === 2);
      expect(ready(suspended)).toMatchObject({ status: 'True', reason: 'Suspended' });
      expect(await world.list(POD, namespace)).toEqual([]);
      await world.removeAnyway(job);
      const kinds = [
        ['batch/v1', 'Job'],
        ['v1', 'Service'],
        ['v1', 'PersistentVolumeClaim'],
      ] as const;
      await eventually(async () => {
        const lists = await Promise.all(kinds.map(([apiVersion, kind]) => world.list({ apiVersion, kind }, namespace)));
        return lists.flat().length === 0 ? true : undefined;
      }, PATIENCE_MS);
    },
    PATIENCE_MS,
  );
});
