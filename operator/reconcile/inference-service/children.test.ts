import { beforeEach, describe, expect, test } from '@jest/globals';
import { ApiError } from '../../kube/api-errors.ts';
import type { KubeObject } from '../../kube/cluster.ts';
import { ServiceWorld, unschedulable } from './testing.ts';

let world: ServiceWorld;
beforeEach(() => {
  world = new ServiceWorld();
});

const writes = (): string[] => world.cluster.writes.map(({ verb, ref }) => `${verb} ${ref.kind}`);

describe('the cache claim', () => {
  test('is removed only when no pod mounts it any more', async () => {
    const claims = () => world.objects([['v1', 'PersistentVolumeClaim']]);
    await world.settle({ cache: { type: 'Claim' } });
    expect(claims()).toEqual(['PersistentVolumeClaim digits-cache']);
    world.editService(({ spec }) => (spec.cache = { type: 'Ephemeral' }));
    await world.reconcile();
    await world.reconcile();
    expect(claims()).toEqual(['PersistentVolumeClaim digits-cache']);
    world.runPods();
    await world.reconcile();
    expect(claims()).toEqual([]);
  });

  test('of a service without pods outlives the Deployment that would mount it', async () => {
    await world.settle({ cache: { type: 'Claim' }, replicas: 0 });
    world.editService(({ spec }) => (spec.cache = { type: 'Ephemeral' }));
    await world.reconcile();
    expect(writes()).not.toContain('delete PersistentVolumeClaim');
    await world.reconcile();
    expect(writes()).toContain('delete PersistentVolumeClaim');
  });

  test('that the API server has filled in is not written again', async () => {
    await world.settle({ cache: { type: 'Claim' } });
    world.cluster.server.edit(
      { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'team', name: 'digits-cache' },
      (copy) =>
        Object.assign((copy as unknown as { spec: object }).spec, { storageClassName: 'standard', volumeName: 'pv' }),
    );
    await world.reconcile();
    expect(writes()).toEqual([]);
  });
});

test('device claims come before the pods, and go with their revision', async () => {
  await world.settle({
    accelerator: { deviceClass: 'gpu.nvidia.com', count: 2, productLabel: 'nvidia.com/gpu.product' },
  });
  const [template] = world.objects([['resource.k8s.io/v1', 'ResourceClaimTemplate']]);
  expect(template).toBe(`ResourceClaimTemplate ${world.revisionName()}`);
  expect(world.deployment().spec.template.spec?.resourceClaims).toEqual([
    { name: 'accelerator', resourceClaimTemplateName: world.revisionName() },
  ]);
});

test('a cluster without device classes is told as such', async () => {
  const apply = world.cluster.apply.bind(world.cluster);
  world.cluster.apply = (desired) =>
    desired.kind === 'ResourceClaimTemplate'
      ? Promise.reject(new ApiError({ code: 404, message: 'the server could not find the requested resource' }))
      : apply(desired);
  await world
    .settle({
      accelerator: { deviceClass: 'gpu.nvidia.com', count: 1, productLabel: 'nvidia.com/gpu.product' },
    })
    .catch(() => undefined);
  expect(world.conditions()).toBe('Ready=False InvalidSpec, Stalled=True InvalidSpec');
  expect(world.status().waitingFor).toContain('device classes need Kubernetes 1.34 or newer');
});

test('who holds the accelerators is read once for all services, and only while a pod waits', async () => {
  const accelerator = { resourceName: 'nvidia.com/gpu', count: 1, productLabel: 'nvidia.com/gpu.product' };
  await world.settle({ accelerator });
  const allocatable = { 'nvidia.com/gpu': '1', cpu: '8', memory: '32Gi' };
  world.cluster.server.create({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n1' },
    status: { allocatable },
  } as KubeObject);
  const limits = { 'nvidia.com/gpu': '1' };
  world.cluster.server.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'train-x-0', namespace: 'team-a', labels: { 'job-name': 'train-x' } },
    spec: { nodeName: 'n1', containers: [{ name: 'c', resources: { limits } }] },
  } as KubeObject);
  let reads = 0;
  const readAll = world.cluster.readAll.bind(world.cluster);
  world.cluster.readAll = (query) => {
    reads += 1;
    return readAll(query);
  };
  await world.reconcile();
  expect(reads).toBe(0);
  world.runPods(unschedulable('0/1 nodes are available: 1 Insufficient nvidia.com/gpu.'));
  await world.reconcile();
  await world.reconcile();
  expect(reads).toBe(2);
  expect(world.status().waitingFor).toBe(
    'No node has a free nvidia.com/gpu: 1 of 1 are held by team-a/train-x (1); free one or add a node.',
  );
  expect(world.conditions()).toBe('Ready=False Unschedulable, Reconciling=True Unschedulable');
  world.now += 600_000;
  await world.reconcile();
  expect(world.conditions()).toBe('Ready=False Unschedulable, Stalled=True Unschedulable');
});
