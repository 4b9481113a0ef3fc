import { beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../kube/cluster.ts';
import { KINDS, PENDING, READY, ServiceWorld } from './testing.ts';

let world: ServiceWorld;
beforeEach(() => {
  world = new ServiceWorld();
});

const writes = (): string[] => world.cluster.writes.map(({ verb, ref }) => `${verb} ${ref.kind}`);

describe('from apply to Ready', () => {
  test('costs one write for each child, two for the status and one for the event', async () => {
    world.createModel();
    world.verifyModel();
    world.createService();
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False Starting, Reconciling=True Starting');
    expect(world.status().waitingFor).toBeUndefined();
    world.runPods(PENDING);
    await world.reconcile();
    world.runPods(READY);
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Serving');
    await world.reconcile();
    expect(writes()).toEqual([
      'create ControllerRevision',
      'create Service',
      'create NetworkPolicy',
      'create Deployment',
      'status InferenceService',
      'status InferenceService',
      'event InferenceService',
    ]);
    expect(world.status()).toMatchObject({
      url: 'http://digits.team.svc',
      replicas: 1,
      readyReplicas: 1,
      selector: 'aimass.dev/inference-service=digits',
      modelRevision: 'rev-a',
      revisions: [
        { name: world.revisionName(), modelDigest: `sha256:${'a'.repeat(64)}`, percent: 100, state: 'Serving' },
      ],
    });
  });

  test('a pod that stops answering makes it not Ready at once', async () => {
    await world.settle();
    world.runPods({
      ...READY,
      conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    });
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False GoldenMismatch, Reconciling=True GoldenMismatch');
    expect(world.cluster.events.at(-1)?.event).toMatchObject({ type: 'Warning', reason: 'NotServing' });
    world.now += 61_000;
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False GoldenMismatch, Stalled=True GoldenMismatch');
    world.runPods();
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Serving');
  });

  test('a pod that is being deleted does not count, although it still answers', async () => {
    await world.settle();
    const [pod] = world.pods();
    if (pod === undefined) throw new Error('there is no pod');
    world.cluster.server.edit({ ...pod, ...pod.metadata }, ({ metadata }) => (metadata.finalizers = ['a.b/c']));
    world.deletePod(pod.metadata.name);
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False Starting, Reconciling=True Starting');
  });

  test('counts of a rollout that goes on for long are written in the end', async () => {
    world.createModel();
    world.verifyModel();
    world.createService({ replicas: 2 });
    await world.reconcile();
    world.runPods(PENDING);
    expect((await world.reconcile()).requeueAfterMs).toBeLessThanOrEqual(10_000);
    expect(world.status().replicas).toBe(0);
    world.now += 10_000;
    await world.reconcile();
    expect(world.status().replicas).toBe(2);
  });
});

describe('the Model', () => {
  test('that does not exist is waited for, before a person is called', async () => {
    world.createService();
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 120_000 });
    expect(world.conditions()).toBe('Ready=False ModelNotFound, Reconciling=True ModelNotFound');
    world.now += 120_000;
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False ModelNotFound, Stalled=True ModelNotFound');
    expect(world.status().waitingFor).toContain('Model "iris" does not exist in namespace team');
    world.restart();
    world.now += 1000;
    world.cluster.writes.length = 0;
    await world.reconcile();
    expect(writes()).toEqual([]);
    expect(world.objects(KINDS)).toEqual([]);
  });

  test('that is not verified is quoted', async () => {
    world.createModel();
    const ready = { type: 'Ready', status: 'False', reason: 'DigestMismatch', message: 'The file has another digest.' };
    world.setModelStatus({ observedGeneration: 1, conditions: [ready, { ...ready, type: 'Stalled', status: 'True' }] });
    world.createService();
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False ModelNotVerified, Stalled=True ModelNotVerified');
    expect(world.status().waitingFor).toBe('Model "iris" is not verified yet: The file has another digest.');
  });

  test('that is deleted leaves the pods serving, and changes of the spec rolling', async () => {
    await world.settle();
    world.deleteModel();
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Serving, Reconciling=True ModelNotFound');
    world.now += 120_000;
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Serving, Stalled=True ModelNotFound');
    const before = world.revisionName();
    world.editService(({ spec }) => Object.assign(spec, { resources: { limits: { memory: '3Gi' } } }));
    await world.reconcile();
    expect(world.revisionName()).not.toBe(before);
  });

  test('that the spec names anew and that does not exist leaves the old one serving, but not Ready', async () => {
    await world.settle();
    const before = world.deployment();
    world.editService(({ spec }) => Object.assign(spec.model, { name: 'other' }));
    await world.reconcile();
    expect(world.deployment()).toEqual(before);
    expect(world.conditions()).toBe('Ready=False ModelNotFound, Reconciling=True ModelNotFound');
    expect(world.message()).toContain(`Revision ${world.revisionName()} keeps serving.`);
  });

  test('rolls out by itself when it changes, and is Ready only when the new revision answers', async () => {
    await world.settle();
    const old = world.revisionName();
    world.verifyModel({ content: 'b' });
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False RollingOut, Reconciling=True RollingOut');
    expect(world.message()).toContain(`Revision ${old} keeps serving.`);
    expect(world.cluster.events.at(-1)?.event).toMatchObject({ type: 'Normal', reason: 'RollingOut' });
    world.startPods();
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Serving, Reconciling=True RollingOut');
    expect(world.status().revisions?.map(({ state, percent }) => `${state} ${percent}`)).toEqual([
      'Serving 50',
      'Retiring 50',
    ]);
    world.runPods();
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Serving');
  });

  test('that flips back finds its frozen pods again', async () => {
    await world.settle();
    const template = world.deployment().spec.template;
    world.verifyModel({ content: 'b' });
    await world.reconcile();
    world.restart({ runtimeImage: 'runtime:2' });
    world.verifyModel({ content: 'a' });
    await world.reconcile();
    expect(world.deployment().spec.template).toEqual(template);
    world.verifyModel({ content: 'b' });
    await world.reconcile();
    world.verifyModel({ content: 'c' });
    await world.reconcile();
    expect(world.revisions()).toHaveLength(3);
  });

  test('brings golden examples that outlive it', async () => {
    const golden = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'iris-golden', namespace: 'team' } };
    world.cluster.server.create({ ...golden, data: { 'golden.json': '{}' } } as KubeObject);
    world.createModel();
    world.verifyModel({ goldenConfigMap: 'iris-golden' });
    world.createService();
    await world.reconcile();
    world.deleteModel();
    world.cluster.server.delete({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'team', name: 'iris-golden' });
    await world.reconcile();
    const [volume] = world.deployment().spec.template.spec?.volumes?.filter(({ name }) => name === 'golden') ?? [];
    expect(world.objects([['v1', 'ConfigMap']])).toEqual([`ConfigMap ${volume?.configMap?.name}`]);
  });
});

describe('frozen revisions', () => {
  test('a new operator with another runtime image and other settings writes nothing', async () => {
    await world.settle({ replicas: 2 });
    world.restart({
      runtimeImage: 'runtime:2',
      serving: { ...world.settings.serving, drainSeconds: 99 },
      imagePullSecrets: ['x'],
      cache: { ...world.settings.cache, type: 'Claim' },
    });
    await world.reconcile();
    expect(writes()).toEqual([]);
  });

  test.each([
    ['resources', (spec: object) => Object.assign(spec, { resources: { limits: { cpu: '2' } } })],
    ['placement', (spec: object) => Object.assign(spec, { placement: { nodeSelector: { zone: 'a' } } })],
    ['cache', (spec: object) => Object.assign(spec, { cache: { type: 'Claim' } })],
  ])('a change of %s makes a new one, with the current image', async (_what, change) => {
    await world.settle();
    world.restart({ runtimeImage: 'runtime:2' });
    world.editService(({ spec }) => void change(spec));
    await world.reconcile();
    expect(world.deployment().spec.template.spec?.containers[0]?.image).toBe('runtime:2');
    expect(world.revisions()).toHaveLength(2);
  });

  test('another operator that was quicker has frozen it, and its word counts', async () => {
    const other = new ServiceWorld({ runtimeImage: 'runtime:9' });
    for (const each of [other, world]) {
      each.createModel();
      each.verifyModel();
      each.createService();
    }
    await other.reconcile();
    world.cluster.pauseWatch();
    for (const revision of other.revisions()) world.cluster.server.create(structuredClone(revision));
    const immutable = { code: 422, reason: 'Invalid' as const, message: 'data: field is immutable' };
    world.cluster.refuse(({ kind }) => kind === 'ControllerRevision', immutable);
    await world.reconcile();
    expect(world.deployment().spec.template.spec?.containers[0]?.image).toBe('runtime:9');
  });

  test('an annotation restarts the pods', async () => {
    await world.settle();
    const before = world.revisionName();
    world.editService(({ metadata }) => (metadata.annotations = { 'aimass.dev/restartedAt': 'now' }));
    await world.reconcile();
    expect(world.revisionName()).not.toBe(before);
  });

  test('the last five are kept, and those that have pods', async () => {
    await world.settle();
    const first = world.revisionName();
    for (const content of ['b', 'c', 'd', 'e', 'f', '0', '1', '2']) {
      world.verifyModel({ content });
      await world.reconcile();
    }
    await world.reconcile();
    expect(world.revisions()).toHaveLength(7);
    expect(world.revisions().map(({ metadata }) => metadata.name)).toContain(first);
    world.runPods();
    await world.reconcile();
    await world.reconcile();
    expect(world.revisions()).toHaveLength(6);
  });
});

describe('other people', () => {
  test('an edit of the Deployment is reverted', async () => {
    await world.settle();
    const before = world.deployment().spec;
    world.cluster.server.edit(
      { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'team', name: 'digits' },
      (copy) => Object.assign((copy as unknown as { spec: object }).spec, { replicas: 9 }),
    );
    await world.reconcile();
    expect(world.deployment().spec).toEqual(before);
  });

  test('a name that is taken is told, nothing is started, and it goes on by itself later', async () => {
    const theirs = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'digits', namespace: 'team' } };
    world.cluster.server.create(theirs);
    world.createModel();
    world.verifyModel();
    world.createService();
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 60_000 });
    expect(world.conditions()).toBe('Ready=False NameTaken, Stalled=True NameTaken');
    expect(world.message()).toBe(
      'Service "digits" exists already and was not made by AI Mass; remove it, or give the InferenceService another name.',
    );
    expect(world.objects([['apps/v1', 'Deployment']])).toEqual([]);
    world.cluster.server.delete({ ...theirs, name: 'digits', namespace: 'team' });
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False Starting, Reconciling=True Starting');
  });

  test('the children of the former service of this name are waited for', async () => {
    const ownerReferences = [
      { apiVersion: 'aimass.dev/v1alpha1', kind: 'InferenceService', name: 'digits', uid: 'former', controller: true },
    ];
    world.cluster.server.create({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'digits', namespace: 'team', ownerReferences },
    });
    world.createModel();
    world.verifyModel();
    world.createService();
    expect(await world.reconcile()).toEqual({ requeueAfterMs: 2000 });
    expect(world.conditions()).toBe('Ready=False Starting, Reconciling=True Starting');
  });

  test('a quota that refuses an object is told', async () => {
    world.cluster.refuse(({ kind }) => kind === 'Service', {
      code: 403,
      reason: 'QuotaExceeded',
      message: 'exceeded quota: team, requested: services=1',
    });
    world.createModel();
    world.verifyModel();
    world.createService();
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False QuotaExceeded, Stalled=True QuotaExceeded');
  });

  test('a namespace that is being deleted is left alone', async () => {
    world.cluster.refuse(() => true, {
      code: 403,
      reason: 'Forbidden',
      message: 'unable to create new content in namespace team because it is being terminated',
    });
    world.createModel();
    world.verifyModel();
    world.createService();
    expect(await world.reconcile()).toEqual({});
    expect(writes()).toEqual([]);
  });

  test('services of one name in two namespaces do not know of each other', async () => {
    await world.settle();
    world.cluster.server.create({
      ...world.ref(),
      metadata: { name: 'digits', namespace: 'other' },
      spec: { model: { name: 'iris' }, suspend: false },
    } as KubeObject);
    world.cluster.server.setStatus({ ...world.ref(), namespace: 'other' }, {});
    expect(world.conditions()).toBe('Ready=True Serving');
    expect(world.pods()).toHaveLength(1);
  });
});

test('figures are written when they change noticeably, and not more often than that', async () => {
  await world.settle();
  const figures = {
    observedAt: '2026-01-01T00:00:00Z',
    requestsPerSecond: 12.345,
    errorRate: 0,
    inFlight: 1,
    cpu: 0.2,
    memoryBytes: 1e8,
  };
  world.figures = figures;
  await world.reconcile();
  expect(world.status().figures).toMatchObject({ requestsPerSecond: 12 });
  world.now += 40_000;
  world.figures = { ...figures, observedAt: '2026-01-01T00:00:40Z', requestsPerSecond: 12.9 };
  await world.reconcile();
  expect(writes()).toEqual(['status InferenceService']);
  world.figures = { ...figures, observedAt: '2026-01-01T00:00:40Z', requestsPerSecond: 20 };
  await world.reconcile();
  expect(writes()).toHaveLength(2);
});

test('deletion is left to the garbage collector', async () => {
  await world.settle({ replicas: 2, cache: { type: 'Claim' } });
  world.cluster.server.delete(world.ref());
  expect(await world.reconcile()).toEqual({});
  expect(writes()).toEqual([]);
  expect(world.objects(KINDS)).toEqual([]);
  expect(world.pods()).toEqual([]);
});
