import { beforeEach, describe, expect, test } from '@jest/globals';
import { isConflict } from './api-errors.ts';
import type { Change } from './change.ts';
import type { KubeObject, ObjectRef } from './cluster.ts';
import { APPLIED_HASH } from './desired.ts';
import { MemoryCluster } from './memory-cluster.ts';
import { createPodOf, finishJob, markDeploymentReady } from './testing/children.ts';

interface Deployment extends KubeObject {
  spec: {
    replicas?: number;
    progressDeadlineSeconds?: number;
    template: {
      spec: {
        containers: { name: string; image: string; resources?: object; env?: object[] }[];
        nodeSelector?: object;
      };
    };
  };
  status?: { readyReplicas?: number };
}

const deploymentRef: ObjectRef = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'a', name: 'digits' };

const parentObject = (name = 'digits'): KubeObject => ({
  apiVersion: 'aimass.dev/v1alpha1',
  kind: 'InferenceService',
  metadata: { name, namespace: 'a' },
});

const deployment = (parent: KubeObject, change: Partial<Deployment['spec']> = {}): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'digits',
    namespace: 'a',
    labels: { app: 'digits' },
    ownerReferences: [
      {
        apiVersion: parent.apiVersion,
        kind: parent.kind,
        name: parent.metadata.name,
        uid: parent.metadata.uid ?? '',
        controller: true,
      },
    ],
  },
  spec: {
    template: {
      spec: { containers: [{ name: 'serve', image: 'runtime:1', resources: { limits: { cpu: '1000m' } } }] },
    },
    ...change,
  },
});

describe('MemoryCluster', () => {
  let cluster: MemoryCluster;
  let parent: KubeObject;

  beforeEach(() => {
    cluster = new MemoryCluster({
      mutate: (object) =>
        object.kind === 'Deployment'
          ? ({ ...object, spec: { progressDeadlineSeconds: 600, ...(object as Deployment).spec } } as KubeObject)
          : object,
    });
    parent = cluster.server.create(parentObject());
  });

  const live = (): Deployment => {
    const object = cluster.get<Deployment>(deploymentRef);
    if (object === undefined) throw new Error('no deployment');
    return object;
  };

  test('a second apply of the same content writes nothing, defaults notwithstanding', async () => {
    expect(await cluster.apply(deployment(parent))).toMatchObject({ outcome: 'written' });
    expect(await cluster.apply(deployment(parent))).toMatchObject({ outcome: 'unchanged' });
    expect(cluster.writes).toEqual([{ verb: 'create', ref: deploymentRef }]);
    expect(live().spec.progressDeadlineSeconds).toBe(600);
  });

  test('a field that is no longer wanted is removed, fields of others survive', async () => {
    await cluster.apply(deployment(parent, { replicas: 3 }));
    cluster.server.edit<Deployment>(deploymentRef, (copy) => {
      copy.metadata.annotations = { ...copy.metadata.annotations, note: 'by a user' };
      copy.spec.template.spec.containers.push({ name: 'sidecar', image: 'mesh:2' });
    });
    await cluster.apply(deployment(parent));
    expect(live().spec.replicas).toBeUndefined();
    expect(live().metadata.annotations).toMatchObject({ note: 'by a user' });
    expect(live().spec.template.spec.containers.map(({ name }) => name)).toEqual(['serve', 'sidecar']);
  });

  test('an edit of a field of ours is reverted, and bumps the generation', async () => {
    await cluster.apply(deployment(parent));
    cluster.server.edit<Deployment>(deploymentRef, (copy) => {
      for (const container of copy.spec.template.spec.containers) container.image = 'evil:1';
    });
    expect(await cluster.apply(deployment(parent))).toMatchObject({ outcome: 'written' });
    expect(live().spec.template.spec.containers[0]?.image).toBe('runtime:1');
    expect(live().metadata.generation).toBe(3);
  });

  test('an object of somebody else is not touched', async () => {
    cluster.server.create({ ...deployment(parent), metadata: { name: 'digits', namespace: 'a' } });
    expect(await cluster.apply(deployment(parent))).toMatchObject({ outcome: 'nameTaken' });
    expect(cluster.writes).toEqual([]);
    expect(live().metadata.annotations?.[APPLIED_HASH]).toBeUndefined();
  });

  test('an object without owner is known again by its label, and outlives its maker', async () => {
    const { ownerReferences: _owners, ...metadata } = deployment(parent).metadata;
    const unowned = { ...deployment(parent), metadata: { ...metadata, labels: { made: 'by-a' } } };
    expect(await cluster.applyUnowned(unowned, 'made')).toMatchObject({ outcome: 'written' });
    expect(await cluster.applyUnowned(unowned, 'made')).toMatchObject({ outcome: 'unchanged' });
    const other = { ...unowned, metadata: { ...unowned.metadata, labels: { made: 'by-b' } } };
    expect(await cluster.applyUnowned(other, 'made')).toMatchObject({ outcome: 'nameTaken' });
  });

  test('a refusal writes nothing and ends when lifted', async () => {
    const lift = cluster.refuse(({ kind }) => kind === 'Deployment', {
      code: 403,
      reason: 'QuotaExceeded',
      message: 'quota',
    });
    expect(await cluster.apply(deployment(parent))).toEqual({
      outcome: 'refused',
      code: 403,
      reason: 'QuotaExceeded',
      message: 'quota',
    });
    lift();
    expect(await cluster.apply(deployment(parent))).toMatchObject({ outcome: 'written' });
  });

  test.each([
    { when: 'before' as const, exists: false },
    { when: 'after' as const, exists: true },
  ])('a write that fails $when the commit', async ({ when, exists }) => {
    cluster.failWrite({ nth: 1, when });
    await expect(cluster.apply(deployment(parent))).rejects.toThrow('create Deployment a/digits failed');
    expect(cluster.get(deploymentRef) !== undefined).toBe(exists);
    expect(await cluster.apply(deployment(parent))).toMatchObject({ outcome: exists ? 'unchanged' : 'written' });
  });

  test('deleting the parent takes its children and theirs away', async () => {
    await cluster.apply(deployment(parent));
    const pod = createPodOf(cluster, live(), { name: 'digits-1', status: { phase: 'Running' } });
    const seen: Change[] = [];
    cluster.onChange((change) => seen.push(change));
    cluster.server.delete({ apiVersion: parent.apiVersion, kind: parent.kind, namespace: 'a', name: 'digits' });
    expect(cluster.get(deploymentRef)).toBeUndefined();
    expect(
      cluster.list({ apiVersion: 'v1', kind: 'Pod', ownerUid: pod.metadata.ownerReferences?.[0]?.uid ?? '' }),
    ).toEqual([]);
    expect(seen.map(({ type, object }) => `${type} ${object.kind}`)).toEqual([
      'deleted InferenceService',
      'deleted Deployment',
      'deleted Pod',
    ]);
  });

  test('remove refuses a changed object, and leaves a recreated one alone', async () => {
    await cluster.apply(deployment(parent));
    const old = live();
    markDeploymentReady(cluster, deploymentRef);
    expect(isConflict(await cluster.remove(old).catch((error: unknown) => error))).toBe(true);
    cluster.server.delete(deploymentRef);
    await cluster.apply(deployment(parent));
    await cluster.remove(old);
    expect(live().metadata.uid).not.toBe(old.metadata.uid);
    await cluster.remove(live());
    expect(cluster.get(deploymentRef)).toBeUndefined();
  });

  test('a status is written once, changes no generation, and never goes to a recreated object', async () => {
    await cluster.reportStatus(parent, { phase: 'a' });
    await cluster.reportStatus(parent, { phase: 'a' });
    expect(cluster.writes.map(({ verb }) => verb)).toEqual(['status']);
    const ref = { apiVersion: parent.apiVersion, kind: parent.kind, namespace: 'a', name: 'digits' };
    expect(cluster.get(ref)?.metadata.generation).toBe(1);
    cluster.server.delete(ref);
    cluster.server.create(parentObject());
    await cluster.reportStatus(parent, { phase: 'b' });
    expect(cluster.get(ref)).not.toHaveProperty('status');
  });

  test('a paused watch hides changes of others but not our own writes', async () => {
    cluster.pauseWatch();
    cluster.server.create(parentObject('late'));
    await cluster.apply(deployment(parent));
    const query = { apiVersion: parent.apiVersion, kind: parent.kind };
    expect(cluster.list(query)).toHaveLength(1);
    expect(cluster.get(deploymentRef)).toBeDefined();
    cluster.resumeWatch();
    expect(cluster.list(query)).toHaveLength(2);
  });

  test('an object with a finalizer goes when the last finalizer does', () => {
    const ref = { apiVersion: parent.apiVersion, kind: parent.kind, namespace: 'a', name: 'held' };
    cluster.server.create({ ...parentObject('held'), metadata: { name: 'held', namespace: 'a', finalizers: ['x/y'] } });
    cluster.server.delete(ref);
    expect(cluster.get(ref)?.metadata.deletionTimestamp).toBe('2026-01-01T00:00:00Z');
    cluster.server.edit(ref, (copy) => {
      copy.metadata.finalizers = [];
    });
    expect(cluster.get(ref)).toBeUndefined();
  });

  test('objects handed out cannot be changed', () => {
    expect(() => Object.assign(parent.metadata, { name: 'other' })).toThrow(TypeError);
  });

  test('a finished job says so', () => {
    const ref = { apiVersion: 'batch/v1', kind: 'Job', namespace: 'a', name: 'verify' };
    cluster.server.create({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'verify', namespace: 'a' } });
    expect(finishJob(cluster, ref, false)).toMatchObject({ status: { failed: 1, conditions: [{ type: 'Failed' }] } });
  });

  test('readAll understands field selectors', async () => {
    createPodOf(cluster, parent, { name: 'running', status: { phase: 'Running' } });
    createPodOf(cluster, parent, { name: 'done', status: { phase: 'Succeeded' } });
    const pods = await cluster.readAll({ apiVersion: 'v1', kind: 'Pod', fieldSelector: 'status.phase!=Succeeded' });
    expect(pods.map(({ metadata }) => metadata.name)).toEqual(['running']);
  });
});
