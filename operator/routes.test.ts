import { describe, expect, test } from '@jest/globals';
import type { KubeObject } from './kube/cluster.ts';
import { routesOf } from './routes.ts';
import { Followers } from './followers.ts';

const API = 'aimass.dev/v1alpha1';

const service = (name: string, model: string): KubeObject =>
  ({
    apiVersion: API,
    kind: 'InferenceService',
    metadata: { name, namespace: 'a' },
    spec: { model: { name: model } },
  }) as KubeObject;

const model = (status: object = {}): KubeObject =>
  ({
    apiVersion: API,
    kind: 'Model',
    metadata: { name: 'iris', namespace: 'a', uid: 'u' },
    spec: {},
    status,
  }) as KubeObject;

const child = (kind: string, metadata: object): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'x', namespace: 'a', ...metadata },
});

const indexOf = (...objects: KubeObject[]): Followers => {
  const followers = new Followers();
  for (const object of objects) followers.observe({ type: 'added', object });
  return followers;
};

const follower = (name: string, job: string): KubeObject =>
  ({
    apiVersion: API,
    kind: 'Model',
    metadata: { name, namespace: 'a' },
    spec: { source: { trainingJob: { name: job } } },
  }) as KubeObject;

const job = (status: object = {}): KubeObject =>
  ({
    apiVersion: API,
    kind: 'TrainingJob',
    metadata: { name: 'train', namespace: 'a', uid: 'u' },
    spec: {},
    status,
  }) as KubeObject;

describe('routesOf', () => {
  test.each([
    { name: 'a TrainingJob leads to itself', object: { ...model(), kind: 'TrainingJob' } },
    {
      name: 'what it owns leads to it',
      object: child('Job', { ownerReferences: [{ apiVersion: API, kind: 'TrainingJob', name: 'iris', uid: 'u' }] }),
    },
    { name: 'its pods lead to it', object: child('Pod', { labels: { 'aimass.dev/training-job': 'iris' } }) },
  ])('$name', ({ object }) => {
    expect(routesOf({ type: 'added', object }, indexOf()).map(({ controller, key }) => `${controller} ${key}`)).toEqual(
      ['training a/iris'],
    );
  });

  const services = indexOf(service('web', 'iris'), service('app', 'iris'), service('other', 'wine'));
  const keys = (...change: Parameters<typeof routesOf>): string[] =>
    routesOf(...change).map(({ controller, key }) => `${controller} ${key}`);

  test.each([
    { name: 'a new Model wakes its services', change: { type: 'added' as const, object: model() } },
    {
      name: 'a Model with a new revision wakes its services',
      change: { type: 'updated' as const, object: model({ current: { revision: 'b' } }), previous: model() },
    },
  ])('$name', ({ change }) => {
    expect(keys(change, services)).toEqual(['model a/iris', 'service a/app', 'service a/web']);
  });

  test('a Model that only counts its services wakes none of them', () => {
    const change = { type: 'updated' as const, object: model({ usedByCount: 3 }), previous: model({ usedByCount: 2 }) };
    expect(keys(change, services)).toEqual(['model a/iris']);
  });

  test('a service that moves to another Model concerns both, gathered with others', () => {
    const change = { type: 'updated' as const, object: service('web', 'wine'), previous: service('web', 'iris') };
    expect(keys(change, services)).toEqual(['service a/web', 'model a/iris', 'model a/wine']);
    expect(routesOf(change, services).map(({ delayMs }) => delayMs)).toEqual([undefined, 5000, 5000]);
  });

  test('a service that changes otherwise concerns no Model', () => {
    const change = { type: 'updated' as const, object: service('web', 'iris'), previous: service('web', 'iris') };
    expect(keys(change, services)).toEqual(['service a/web']);
  });

  test.each([
    {
      name: 'a Job leads to its Model',
      object: child('Job', { ownerReferences: [{ apiVersion: API, kind: 'Model', name: 'iris', uid: 'u' }] }),
      want: ['model a/iris'],
    },
    {
      name: 'a Deployment leads to its service',
      object: child('Deployment', {
        ownerReferences: [{ apiVersion: API, kind: 'InferenceService', name: 'web', uid: 'u' }],
      }),
      want: ['service a/web'],
    },
    {
      name: 'a verification pod leads to its Model',
      object: child('Pod', { labels: { 'app.kubernetes.io/component': 'verification', 'aimass.dev/model': 'iris' } }),
      want: ['model a/iris'],
    },
    {
      name: 'a serving pod leads to its service, not to its Model',
      object: child('Pod', { labels: { 'aimass.dev/inference-service': 'web', 'aimass.dev/model': 'iris' } }),
      want: ['service a/web'],
    },
    { name: 'a stranger leads nowhere', object: child('Pod', { labels: {} }), want: [] },
  ])('$name', ({ object, want }) => {
    expect(keys({ type: 'added', object }, services)).toEqual(want);
  });
});

describe('the pace of routes', () => {
  const services = indexOf(service('web', 'iris'));
  const labels = { 'aimass.dev/inference-service': 'web' };
  const versioned = (version: string, object: KubeObject): KubeObject => ({
    ...object,
    metadata: { ...object.metadata, resourceVersion: version },
  });
  const pod = (ready: string, phase = 'Running'): KubeObject =>
    ({
      ...child('Pod', { labels }),
      status: { phase, conditions: [{ type: 'Ready', status: ready }] },
    }) as KubeObject;
  const edited = { ...service('web', 'iris'), spec: { model: { name: 'iris' }, replicas: 2 } } as KubeObject;
  const reported = { ...service('web', 'iris'), status: { replicas: 1 } } as KubeObject;
  const now = { urgency: 'begun' };
  const gathered = { urgency: 'begun', delayMs: 200 };

  test.each([
    { name: 'a new service waits its turn', change: { object: service('web', 'iris') }, want: [{}] },
    { name: 'an edit comes first', change: { previous: service('web', 'iris'), object: edited }, want: [now] },
    {
      name: 'our own status comes back when there is time',
      change: { previous: service('web', 'iris'), object: reported },
      want: [gathered],
    },
    { name: 'a pod that becomes ready', change: { previous: pod('False'), object: pod('True') }, want: [now] },
    { name: 'a pod that is no longer ready', change: { previous: pod('True'), object: pod('False') }, want: [now] },
    {
      name: 'a pod that ended',
      change: { previous: pod('False'), object: pod('False', 'Failed') },
      want: [now],
    },
    { name: 'a new pod', change: { object: pod('False') }, want: [gathered] },
    {
      name: 'a pod that gets on',
      change: { previous: pod('False', 'Pending'), object: pod('False') },
      want: [gathered],
    },
    {
      name: 'a child of which only the version changed',
      change: {
        previous: versioned('1', child('Service', { labels })),
        object: versioned('2', child('Service', { labels })),
      },
      want: [],
    },
  ])('$name', ({ change, want }) => {
    const type = 'previous' in change ? ('updated' as const) : ('added' as const);
    const routes = routesOf({ type, ...change }, services).filter(({ controller }) => controller === 'service');
    expect(routes).toEqual(want.map((pace) => ({ controller: 'service', key: 'a/web', ...pace })));
  });

  test('a child that went is replaced at once', () => {
    const change = { type: 'deleted' as const, object: child('Deployment', { labels }) };
    expect(routesOf(change, services)).toEqual([{ controller: 'service', key: 'a/web', urgency: 'begun' }]);
  });
});

describe('Followers', () => {
  test('follows services that come, move and go', () => {
    const { services: index } = indexOf(service('web', 'iris'));
    index.observe({ type: 'updated', object: service('web', 'wine'), previous: service('web', 'iris') });
    expect(index.of({ namespace: 'a', name: 'iris' })).toEqual([]);
    expect(index.of({ namespace: 'a', name: 'wine' })).toEqual(['web']);
    index.observe({ type: 'deleted', object: service('web', 'wine') });
    expect(index.of({ namespace: 'a', name: 'wine' })).toEqual([]);
  });
});

describe('what a TrainingJob does to the Models that follow it', () => {
  const followers = indexOf(follower('iris', 'train'), follower('wine', 'train'), follower('other', 'else'));
  const both = ['training a/train', 'model a/iris', 'model a/wine'];
  const artifact = { uri: 'oci://r/a@sha256:1', digest: 'sha256:1', run: 1 };

  test.each([
    { name: 'one that comes wakes them', change: { type: 'added' as const, object: job() }, want: both },
    { name: 'one that goes wakes them', change: { type: 'deleted' as const, object: job() }, want: both },
    {
      name: 'a new artifact wakes them',
      change: { type: 'updated' as const, previous: job(), object: job({ artifact }) },
      want: both,
    },
    {
      name: 'another phase wakes them',
      change: { type: 'updated' as const, previous: job(), object: job({ phase: 'Training' }) },
      want: both,
    },
    {
      name: 'progress wakes none',
      change: { type: 'updated' as const, previous: job(), object: job({ progress: { percent: 3 } }) },
      want: ['training a/train'],
    },
  ])('$name', ({ change, want }) => {
    expect(routesOf(change, followers).map(({ controller, key }) => `${controller} ${key}`)).toEqual(want);
  });

  test('Followers follows Models that come, move and go', () => {
    const { models } = indexOf(follower('iris', 'train'));
    models.observe({ type: 'updated', object: follower('iris', 'else'), previous: follower('iris', 'train') });
    expect(models.of({ namespace: 'a', name: 'train' })).toEqual([]);
    expect(models.of({ namespace: 'a', name: 'else' })).toEqual(['iris']);
    models.observe({ type: 'updated', object: model(), previous: follower('iris', 'else') });
    expect(models.of({ namespace: 'a', name: 'else' })).toEqual([]);
    models.observe({ type: 'added', object: follower('iris', 'else') });
    models.observe({ type: 'deleted', object: follower('iris', 'else') });
    expect(models.of({ namespace: 'a', name: 'else' })).toEqual([]);
  });
});

describe('what a Model does to the TrainingJobs that start from it', () => {
  const tuning = (name: string, spec: object): KubeObject =>
    ({ apiVersion: API, kind: 'TrainingJob', metadata: { name, namespace: 'a' }, spec }) as KubeObject;
  const followers = indexOf(
    tuning('tuned', { baseModel: { name: 'iris' } }),
    tuning('small', { teacherModel: { name: 'iris' } }),
    tuning('both', { baseModel: { name: 'iris' }, teacherModel: { name: 'iris' } }),
    tuning('other', { baseModel: { name: 'wine' } }),
  );
  const keysOf = (change: Parameters<typeof routesOf>[0]) =>
    routesOf(change, followers).map(({ controller, key }) => `${controller} ${key}`);

  test('a new revision wakes each of them once', () => {
    const change = { type: 'updated' as const, object: model({ current: { revision: 'b' } }), previous: model() };
    expect(keysOf(change)).toEqual(['model a/iris', 'training a/both', 'training a/small', 'training a/tuned']);
  });

  test('a Model that only counts its services wakes none', () => {
    const change = { type: 'updated' as const, object: model({ usedByCount: 3 }), previous: model({ usedByCount: 2 }) };
    expect(keysOf(change)).toEqual(['model a/iris']);
  });
});
