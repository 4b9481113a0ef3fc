import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Model, ModelSpec } from '../crds/schema/model.ts';
import type { KubeObject } from './kube/cluster.ts';
import { eventually } from './kube/testing/api-server.ts';
import type { Job } from './reconcile/model/observe.ts';
import { FETCHED, VERIFIED } from './reconcile/model/testing.ts';
import { OperatorUnderTest } from './testing/operator-under-test.ts';

type StoredModel = Model & KubeObject;
const API = 'aimass.dev/v1alpha1';
const CONVERGED_MS = 20_000;

const modelOf = (name: string, spec: Partial<ModelSpec> = {}): StoredModel => ({
  apiVersion: API,
  kind: 'Model',
  metadata: { name, namespace: 'team' },
  spec: { task: 'tabular-classification', source: { uri: `https://models.example/${name}.onnx` }, ...spec },
});

const ready = ({ status }: StoredModel) => status?.conditions?.find(({ type }) => type === 'Ready');

describe('the operator as a process against a real API server', () => {
  let world: OperatorUnderTest;

  beforeAll(async () => {
    world = await OperatorUnderTest.prepare({ runtimeImage: 'runtime:1', logLevel: 'debug' });
    await world.startOperator();
  }, 120_000);

  afterAll(async () => {
    await world?.stop();
  });

  const modelWith = (name: string, reason: string): Promise<StoredModel> =>
    eventually(async () => {
      const model = await world.get<StoredModel>({ apiVersion: API, kind: 'Model' }, name);
      return model !== undefined && ready(model)?.reason === reason ? model : undefined;
    });

  /** What the Job controller and the kubelet do. */
  const endPod = async (job: Job, messages: { fetch: object; verify?: object }): Promise<void> => {
    const { template } = job.spec as { template: { metadata: { labels: object }; spec: object } };
    const pod = await world.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `${job.metadata.name}-pod`,
        namespace: 'team',
        labels: { ...template.metadata.labels } as Record<string, string>,
        ownerReferences: [
          {
            apiVersion: 'batch/v1',
            kind: 'Job',
            name: job.metadata.name,
            uid: job.metadata.uid ?? '',
            controller: true,
          },
        ],
      },
      spec: template.spec,
    } as KubeObject);
    const ended = (name: string, message: object) => ({
      name,
      image: 'runtime:1',
      imageID: '',
      ready: false,
      restartCount: 0,
      state: {
        terminated: {
          exitCode: 'ok' in message && message.ok === true ? 0 : 2,
          message: JSON.stringify(message),
          startedAt: new Date().toISOString(),
          finishedAt: new Date().toISOString(),
        },
      },
    });
    const { fetch, verify } = messages;
    const status = {
      phase: verify === undefined ? 'Failed' : 'Succeeded',
      initContainerStatuses: [ended('fetch', fetch)],
      containerStatuses: verify === undefined ? [] : [ended('verify', verify)],
    };
    await world.replace({ ...pod, status } as KubeObject, '/status');
  };

  const jobOf = (name: string): Promise<Job> =>
    eventually(async () => {
      const candidate = (await world.get<StoredModel>({ apiVersion: API, kind: 'Model' }, name))?.status?.candidate;
      return candidate?.job === undefined
        ? undefined
        : world.get<Job>({ apiVersion: 'batch/v1', kind: 'Job' }, candidate.job);
    });

  test('a Model is verified and Ready, and then nothing is written any more', async () => {
    await world.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'golden', namespace: 'team' },
      data: { 'golden.json': '{"examples":[]}' },
    } as KubeObject);
    await world.create(
      modelOf('iris', { verification: { golden: { configMap: { name: 'golden', key: 'golden.json' } } } }),
    );
    const verifying = await modelWith('iris', 'Verifying');
    expect(verifying.status?.observedGeneration).toBe(1);
    await endPod(await jobOf('iris'), { fetch: FETCHED, verify: VERIFIED });
    const model = await modelWith('iris', 'Verified');
    expect(model.status).toMatchObject({
      current: { digest: FETCHED.digest, opset: 17, report: VERIFIED.report },
      conditions: [{ type: 'Ready', status: 'True' }],
    });
    expect(await world.list({ apiVersion: 'v1', kind: 'ConfigMap' })).toContainEqual(
      expect.objectContaining({ immutable: true, data: { 'golden.json': '{"examples":[]}' } }),
    );
    await sleep(1000);
    const before = world.writes();
    expect(before.map(({ verb, resource }) => `${verb} ${resource}`).sort()).toEqual([
      'create events',
      'create events',
      'patch configmaps',
      'patch jobs',
      'patch models/status',
      'patch models/status',
    ]);
    await sleep(CONVERGED_MS);
    expect(world.writes()).toEqual(before);
  });

  test('services over the Model get their children, and the Model counts them in few writes', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `web-${index}`);
    const before = world.writes().length;
    for (const name of names) {
      await world.create({
        apiVersion: API,
        kind: 'InferenceService',
        metadata: { name, namespace: 'team' },
        spec: { model: { name: 'iris' } },
      } as KubeObject);
    }
    await eventually(async () =>
      (await world.list({ apiVersion: 'apps/v1', kind: 'Deployment' })).length === 20 ? true : undefined,
    );
    await eventually(async () => {
      const model = await world.get<StoredModel>({ apiVersion: API, kind: 'Model' }, 'iris');
      return model?.status?.usedByCount === 20 ? true : undefined;
    });
    const toModel = world
      .writes()
      .slice(before)
      .filter(({ resource }) => resource === 'models/status');
    expect(toModel.length).toBeLessThanOrEqual(3);
    // Their pods never come here, so each is reported on after a while.
    await eventually(async () => {
      const services = await world.list<KubeObject & { status?: { observedGeneration?: number } }>({
        apiVersion: API,
        kind: 'InferenceService',
      });
      return services.every(({ status }) => status?.observedGeneration === 1) ? true : undefined;
    });
    const settled = world.writes().length;
    await sleep(CONVERGED_MS / 2);
    expect(world.writes().slice(settled)).toEqual([]);
  }, 90_000);

  test('the Job meets Pod Security "restricted"', async () => {
    const namespace = await world.create({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'strict', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    });
    expect(namespace.metadata.name).toBe('strict');
    const [job] = await world.list<Job>({ apiVersion: 'batch/v1', kind: 'Job' });
    const spec = job?.spec?.template?.spec;
    await world.create({ ...POD, metadata: { name: 'probe', namespace: 'strict' }, spec } as KubeObject);
  });

  test('a killed operator comes back and goes on, without a write for what is done', async () => {
    await world.create(modelOf('wine'));
    const job = await jobOf('wine');
    expect(await world.stopOperator('SIGKILL')).toBe('SIGKILL');
    await endPod(job, { fetch: { ok: false, reason: 'DigestMismatch', message: 'It has another digest.' } });
    const before = world.writes().length;
    await world.startOperator();
    const model = await modelWith('wine', 'DigestMismatch');
    expect(model.status?.conditions?.map(({ type }) => type)).toEqual(['Ready', 'Stalled']);
    const writes = world.writes().slice(before);
    expect(writes.filter(({ name }) => name.startsWith('iris'))).toEqual([]);
  }, 90_000);

  test('a changed spec starts again at once, and the deleted Model leaves the line', async () => {
    const model = await modelWith('wine', 'DigestMismatch');
    await world.replace({ ...model, spec: { ...model.spec, source: { uri: 'https://models.example/other.onnx' } } });
    const verifying = await modelWith('wine', 'Verifying');
    expect(verifying.status?.observedGeneration).toBe(2);
    await world.remove(verifying);
  });

  test('SIGTERM gives the Lease away and exits with 0', async () => {
    expect(await world.stopOperator()).toBe(0);
    expect(world.log).toContain('leadership released');
    expect(world.log).not.toContain('"level":"error"');
  });
});

const POD = { apiVersion: 'v1', kind: 'Pod' };
