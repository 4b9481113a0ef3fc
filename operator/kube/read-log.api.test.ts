import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startControlPlane, type ControlPlane } from '../../hack/local-cluster/control-plane.ts';
import type { KubeObject, LogQuery } from './cluster.ts';
import type { LiveCluster } from './live-cluster.ts';
import { connectTo, liveCluster } from './testing/api-server.ts';

/** Without a kubelet there are no logs: these are the refusals of a real API server. Logs themselves are read in e2e. */
describe('logs and metrics of pods, from a real API server', () => {
  let plane: ControlPlane;
  let cluster: LiveCluster;

  beforeAll(async () => {
    plane = await startControlPlane();
    ({ cluster } = liveCluster({ connection: connectTo(plane), kinds: [] }));
  });
  afterAll(() => plane.stop());

  const query: LogQuery = {
    namespace: 'default',
    name: 'a',
    container: 'train',
    sinceTime: '2026-01-01T00:00:00Z',
    tailLines: 10,
    limitBytes: 1000,
  };

  test('a pod that is gone is not found', async () => {
    await expect(cluster.readLog(query)).rejects.toMatchObject({ code: 404, reason: 'NotFound' });
  });

  test('a pod without a node has printed nothing, and a container that it has not is a bad request', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a', namespace: 'default' },
      spec: { automountServiceAccountToken: false, containers: [{ name: 'train', image: 'i' }] },
    } as KubeObject;
    await cluster.api.request({
      verb: 'create',
      resource: 'pods',
      method: 'POST',
      path: '/api/v1/namespaces/default/pods',
      body: pod,
    });
    expect(await cluster.readLog(query)).toBe('');
    await expect(cluster.readLog({ ...query, container: 'other' })).rejects.toMatchObject({ code: 400 });
  });

  test('a metrics API that is not there is not found', async () => {
    const metrics = {
      apiVersion: 'metrics.k8s.io/v1beta1',
      kind: 'PodMetrics',
      namespace: 'default',
      labels: { a: 'b' },
    };
    await expect(cluster.readAll(metrics)).rejects.toMatchObject({ code: 404 });
  });
});
