import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Model } from '../../../crds/schema/model.ts';
import type { KubeObject } from '../../kube/cluster.ts';
import { eventually } from '../../kube/testing/api-server.ts';
import { OperatorUnderTest } from '../../testing/operator-under-test.ts';

type StoredModel = Model & KubeObject;
const API = 'aimass.dev/v1alpha1';
const PATIENCE_MS = 60_000;

describe('Models among the controllers of a real cluster without nodes', () => {
  let world: OperatorUnderTest;
  let namespace: string;
  let serial = 0;

  beforeAll(async () => {
    world = await OperatorUnderTest.prepare({ runtimeImage: 'runtime:1' }, { controllers: true });
    await world.startOperator();
  }, 120_000);

  afterAll(async () => {
    await world?.stop();
  });

  beforeEach(async () => {
    serial += 1;
    namespace = `n${serial}`;
    await world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    await eventually(() => world.get({ apiVersion: 'v1', kind: 'ServiceAccount' }, 'default', namespace));
  });

  const createModel = (): Promise<StoredModel> =>
    world.create<StoredModel>({
      apiVersion: API,
      kind: 'Model',
      metadata: { name: 'iris', namespace },
      spec: {
        task: 'custom',
        source: { uri: 'https://models.example/iris.onnx' },
        verification: { golden: { configMap: { name: 'golden', key: 'golden.json' } } },
      },
    });

  const createGolden = (): Promise<KubeObject> =>
    world.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'golden', namespace },
      data: { 'golden.json': '{}' },
    } as KubeObject);

  const messageWith = (text: string): Promise<string> =>
    eventually(async () => {
      const { status } = (await world.get<StoredModel>({ apiVersion: API, kind: 'Model' }, 'iris', namespace)) ?? {};
      return status?.conditions?.map(({ message }) => message).find((message) => message.includes(text));
    }, PATIENCE_MS);

  const leftovers = async (): Promise<string[]> => {
    const kinds = [
      ['batch/v1', 'Job'],
      ['v1', 'Pod'],
      ['v1', 'ConfigMap'],
    ] as const;
    const lists = await Promise.all(kinds.map(([apiVersion, kind]) => world.list({ apiVersion, kind }, namespace)));
    return lists.flat().flatMap(({ metadata }) => (metadata.name.startsWith('iris') ? metadata.name : []));
  };

  test(
    'a pod that no node can take is told with the words of the scheduler',
    async () => {
      await createGolden();
      await createModel();
      expect(await messageWith('no node can take')).toContain('no nodes available');
    },
    PATIENCE_MS,
  );

  test(
    'a quota that lets no pod be made is told',
    async () => {
      await createGolden();
      await world.create({
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'no-pods', namespace },
        spec: { hard: { pods: '0' } },
      } as KubeObject);
      await eventually(async () => {
        const quota = await world.get<KubeObject & { status?: { hard?: object } }>(
          { apiVersion: 'v1', kind: 'ResourceQuota' },
          'no-pods',
          namespace,
        );
        return quota?.status?.hard;
      });
      await createModel();
      expect(await messageWith('exceeded quota')).toContain('no-pods');
    },
    PATIENCE_MS,
  );

  test(
    'a quota that lets no Job be made is told',
    async () => {
      await createGolden();
      await world.create({
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'no-jobs', namespace },
        spec: { hard: { 'count/jobs.batch': '0' } },
      } as KubeObject);
      await eventually(async () => {
        const quota = await world.get<KubeObject & { status?: { hard?: object } }>(
          { apiVersion: 'v1', kind: 'ResourceQuota' },
          'no-jobs',
          namespace,
        );
        return quota?.status?.hard;
      });
      await createModel();
      expect(await messageWith('Raise the quota')).toContain('no-jobs');
    },
    PATIENCE_MS,
  );

  test(
    'a deleted Model takes everything with it',
    async () => {
      await createGolden();
      const model = await createModel();
      await eventually(async () => ((await leftovers()).length === 3 ? true : undefined));
      await world.removeAnyway(model);
      await eventually(async () => ((await leftovers()).length === 0 ? true : undefined), PATIENCE_MS);
    },
    PATIENCE_MS,
  );

  test(
    'a deleted namespace goes without complaints of the operator',
    async () => {
      await createGolden();
      await createModel();
      await eventually(async () => ((await leftovers()).length === 3 ? true : undefined));
      await world.removeAnyway({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      await eventually(
        async () =>
          (await world.get({ apiVersion: 'v1', kind: 'Namespace' }, namespace)) === undefined ? true : undefined,
        PATIENCE_MS,
      );
      expect(world.log).not.toContain('"level":"error"');
    },
    PATIENCE_MS,
  );
});
