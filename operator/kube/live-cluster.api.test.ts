import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startControlPlane, type ControlPlane } from '../../hack/local-cluster/control-plane.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { isConflict } from './api-errors.ts';
import type { Change } from './change.ts';
import type { KubeObject, ObjectRef } from './cluster.ts';
import type { LiveCluster } from './live-cluster.ts';
import { connectTo, eventually, liveCluster, ownerOf } from './testing/api-server.ts';

interface Deployment extends KubeObject {
  spec: Record<string, unknown> & { replicas?: number };
}

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };
const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' };
const WIDGET = { apiVersion: 'test.aimass.dev/v1', kind: 'Widget' };

const deploymentOf = (parent: KubeObject, name: string, spec: object = {}): Deployment => ({
  ...DEPLOYMENT,
  metadata: { name, namespace: 'default', labels: { app: name }, ownerReferences: [ownerOf(parent)] },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        automountServiceAccountToken: false,
        volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '1024Mi' } }],
        containers: [
          {
            name: 'serve',
            image: 'runtime:1',
            ports: [{ name: 'http', containerPort: 8080 }],
            resources: { requests: { cpu: '1000m', memory: '512Mi' }, limits: { memory: '0.5Gi' } },
            env: [{ name: 'A', value: '1' }],
            securityContext: {},
          },
        ],
      },
    },
    ...spec,
  },
});

const widgetCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.test.aimass.dev' },
  spec: {
    group: 'test.aimass.dev',
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets', singular: 'widget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              status: {
                type: 'object',
                properties: {
                  phase: { type: 'string' },
                  note: { type: 'string' },
                  level: { type: 'string', default: 'info' },
                },
              },
            },
          },
        },
      },
    ],
  },
};

describe('LiveCluster on a real API server', () => {
  let plane: ControlPlane;
  let cluster: LiveCluster;
  let metrics: Metrics;
  let parent: KubeObject;
  const changes: Change[] = [];
  let serial = 0;

  const create = <T extends KubeObject>(path: string, body: object): Promise<T> =>
    cluster.api.request<T>({ verb: 'create', resource: 'test', method: 'POST', path, body });
  const merge = (path: string, body: object): Promise<KubeObject> =>
    cluster.api.request<KubeObject>({
      verb: 'patch',
      resource: 'test',
      method: 'PATCH',
      path,
      body,
      contentType: 'application/merge-patch+json',
    });
  const destroy = (path: string): Promise<unknown> =>
    cluster.api.request({ verb: 'delete', resource: 'test', method: 'DELETE', path });
  const writes = async (): Promise<number> => {
    const { values } = await metrics.apiRequests.get();
    return values
      .filter(({ labels }) => ['apply', 'status', 'delete'].includes(String(labels.verb)) && labels.resource !== 'test')
      .reduce((sum, { value }) => sum + value, 0);
  };
  const refTo = (kind: { apiVersion: string; kind: string }, name: string): ObjectRef => ({
    ...kind,
    namespace: 'default',
    name,
  });

  beforeAll(async () => {
    plane = await startControlPlane();
    ({ cluster, metrics } = liveCluster({
      connection: connectTo(plane),
      kinds: [CONFIG_MAP, DEPLOYMENT, { ...WIDGET, plural: 'widgets' }, { apiVersion: 'v1', kind: 'ResourceQuota' }],
      timing: { backoff: { firstMs: 50, maxMs: 300 } },
    }));
    cluster.onChange((change) => changes.push(change));
    cluster.start();
    await cluster.settled();
  });

  afterAll(async () => {
    await cluster.stop();
    await plane.stop();
  });

  beforeEach(async () => {
    serial += 1;
    parent = await create('/api/v1/namespaces/default/configmaps', { metadata: { name: `parent-${serial}` } });
    Object.assign(parent, CONFIG_MAP);
  });

  test('a second apply writes nothing, and one without a cache leaves the resource version alone', async () => {
    const desired = deploymentOf(parent, 'quiet');
    const first = await cluster.apply(desired);
    expect(first.outcome).toBe('written');
    const before = await writes();
    expect(await cluster.apply(desired)).toMatchObject({ outcome: 'unchanged' });
    expect(await writes()).toBe(before);
    const cold = liveCluster({ connection: connectTo(plane), kinds: [] });
    expect(await cold.cluster.apply(desired)).toMatchObject({
      outcome: 'unchanged',
      object: {
        metadata: { resourceVersion: first.outcome === 'written' ? first.object.metadata.resourceVersion : '' },
      },
    });
  });

  test('a field that is no longer wanted goes, a field of others stays, an edit of ours is reverted', async () => {
    const ref = refTo(DEPLOYMENT, 'edited');
    await cluster.apply(deploymentOf(parent, 'edited', { replicas: 3, minReadySeconds: 7 }));
    await merge('/apis/apps/v1/namespaces/default/deployments/edited', {
      metadata: { annotations: { note: 'by a user' } },
      spec: { template: { spec: { automountServiceAccountToken: true } } },
    });
    await eventually(() => cluster.get(ref)?.metadata.annotations?.note);
    expect(await cluster.apply(deploymentOf(parent, 'edited', { replicas: 3 }))).toMatchObject({ outcome: 'written' });
    const live = cluster.get<Deployment>(ref);
    expect(live?.spec.minReadySeconds).toBeUndefined();
    expect(live?.spec).toMatchObject({ replicas: 3, template: { spec: { automountServiceAccountToken: false } } });
    expect(live?.metadata.annotations?.note).toBe('by a user');
  });

  test.each([{ isCached: true }, { isCached: false }])(
    'an object of somebody else is not touched (cached: $isCached)',
    async ({ isCached }) => {
      const name = `foreign-${isCached}`;
      const foreign = await create<KubeObject>('/api/v1/namespaces/default/configmaps', {
        metadata: { name },
        data: { a: '1' },
      });
      if (isCached) await eventually(() => cluster.get(refTo(CONFIG_MAP, name)));
      const subject = isCached ? cluster : liveCluster({ connection: connectTo(plane), kinds: [] }).cluster;
      const desired = {
        ...CONFIG_MAP,
        metadata: { name, namespace: 'default', ownerReferences: [ownerOf(parent)] },
        data: { b: '2' },
      };
      expect(await subject.apply(desired)).toMatchObject({ outcome: 'nameTaken' });
      const after = await subject.read(refTo(CONFIG_MAP, name));
      expect(after?.metadata.resourceVersion).toBe(foreign.metadata.resourceVersion);
    },
  );

  test('an invalid object, a quota and a terminating namespace are refusals with the reason of the API server', async () => {
    const invalid = deploymentOf(parent, 'Not_A_Name');
    expect(await cluster.apply(invalid)).toMatchObject({ outcome: 'refused', reason: 'Invalid', code: 422 });
    await create('/api/v1/namespaces', { metadata: { name: 'ending', finalizers: ['aimass.dev/test'] } });
    await destroy('/api/v1/namespaces/ending');
    const ending = { ...CONFIG_MAP, metadata: { name: 'x', namespace: 'ending', ownerReferences: [ownerOf(parent)] } };
    expect(await cluster.apply(ending)).toMatchObject({
      outcome: 'refused',
      reason: 'Forbidden',
      message: expect.stringContaining('being terminated'),
    });
    // Nobody but the admission plugin looks at the quota here, so its status is written by hand.
    const counts = { 'count/configmaps': '0' };
    await create('/api/v1/namespaces', { metadata: { name: 'full' } });
    await create('/api/v1/namespaces/full/resourcequotas', { metadata: { name: 'none' }, spec: { hard: counts } });
    await merge('/api/v1/namespaces/full/resourcequotas/none/status', { status: { hard: counts, used: counts } });
    const refused = await eventually(async () => {
      const wanted = {
        ...CONFIG_MAP,
        metadata: { name: `q${Date.now()}`, namespace: 'full', ownerReferences: [ownerOf(parent)] },
      };
      const result = await cluster.apply(wanted);
      return result.outcome === 'refused' ? result : undefined;
    });
    expect(refused).toMatchObject({
      reason: 'QuotaExceeded',
      message: expect.stringContaining('exceeded quota: none'),
    });
  });

  test('remove deletes this very object only', async () => {
    const ref = refTo(CONFIG_MAP, 'victim');
    const desired: KubeObject = {
      ...CONFIG_MAP,
      metadata: { name: 'victim', namespace: 'default', ownerReferences: [ownerOf(parent)] },
    };
    const made = await cluster.apply(desired);
    if (made.outcome !== 'written') throw new Error(made.outcome);
    const path = '/api/v1/namespaces/default/configmaps/victim';
    await merge(path, { data: { touched: 'yes' } });
    expect(isConflict(await cluster.remove(made.object).catch((error: unknown) => error))).toBe(true);
    await destroy(path);
    await create('/api/v1/namespaces/default/configmaps', { metadata: { name: 'victim' } });
    await cluster.remove(made.object);
    const second = await cluster.read(ref);
    expect(second?.metadata.uid).not.toBe(made.object.metadata.uid);
    if (second !== undefined) await cluster.remove(second);
    expect(await cluster.read(ref)).toBeUndefined();
    expect(cluster.get(ref)).toBeUndefined();
    await cluster.remove(made.object);
  });

  test('a kind that is not served yet is waited for; its status is applied whole, once, and to this very object', async () => {
    expect(cluster.health().find(({ kind }) => kind.startsWith('Widget'))).toMatchObject({
      state: 'missing',
      hasSynced: false,
    });
    await create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgetCrd);
    const path = '/apis/test.aimass.dev/v1/namespaces/default/widgets';
    const widget = await eventually(() =>
      create<KubeObject>(path, { ...WIDGET, metadata: { name: 'w' } }).catch(() => undefined),
    );
    const ref = refTo(WIDGET, 'w');
    await eventually(() => cluster.get(ref));
    await cluster.reportStatus(widget, { phase: 'A', note: 'n' });
    const before = await writes();
    await cluster.reportStatus(widget, { phase: 'A', note: 'n' });
    expect(await writes()).toBe(before);
    await merge(`${path}/w`, { spec: { changed: 'by a user' } });
    await cluster.reportStatus(widget, { phase: 'B' });
    expect(await cluster.read(ref)).toHaveProperty('status', { phase: 'B', level: 'info' });
    await expect(cluster.reportStatus(widget, { unknown: 'field' })).rejects.toThrow('field not declared in schema');
    await destroy(`${path}/w`);
    await create(path, { ...WIDGET, metadata: { name: 'w' } });
    await cluster.reportStatus(widget, { phase: 'wrong' });
    expect(await cluster.read(ref)).not.toHaveProperty('status');
    await destroy(`${path}/w`);
    await cluster.reportStatus(widget, { phase: 'gone' });
  });

  test('delete and recreate is told as deleted and added', async () => {
    const path = '/api/v1/namespaces/default/configmaps';
    await create(path, { metadata: { name: 'twice' } });
    await destroy(`${path}/twice`);
    const second = await create<KubeObject>(path, { metadata: { name: 'twice' } });
    await eventually(() =>
      cluster.get(refTo(CONFIG_MAP, 'twice'))?.metadata.uid === second.metadata.uid ? true : undefined,
    );
    const seen = changes.filter(({ object }) => object.metadata.name === 'twice').map(({ type }) => type);
    expect(seen).toEqual(['added', 'deleted', 'added']);
  });

  test('an event is written once', async () => {
    const note = { type: 'Warning', reason: 'QuotaExceeded', action: 'Apply', note: 'x'.repeat(2000) } as const;
    await cluster.emit(parent, note);
    await cluster.emit(parent, note);
    await cluster.eventsWritten();
    const events = await cluster.readAll<KubeObject & { note?: string }>({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      namespace: 'default',
    });
    expect(events.filter(({ note: text }) => text?.startsWith('xxx'))).toHaveLength(1);
    expect((await metrics.events.get()).values.map(({ labels, value }) => [labels.outcome, value])).toEqual([
      ['repeated', 1],
      ['written', 1],
    ]);
  });

  test('long lists come in pages', async () => {
    const path = '/api/v1/namespaces/default/configmaps';
    await Promise.all(
      [...Array(25).keys()].map((i) => create(path, { metadata: { name: `many-${i}`, labels: { many: 'yes' } } })),
    );
    const paged = liveCluster({
      connection: connectTo(plane),
      kinds: [{ ...CONFIG_MAP, labelSelector: 'many=yes' }],
      timing: { pageSize: 4 },
    });
    paged.cluster.start();
    await paged.cluster.settled();
    expect(paged.cluster.list(CONFIG_MAP)).toHaveLength(25);
    await paged.cluster.stop();
  });
});
