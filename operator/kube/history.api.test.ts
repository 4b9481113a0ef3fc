import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { startControlPlane, type ControlPlane } from '../../hack/local-cluster/control-plane.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { KubeObject } from './cluster.ts';
import type { LiveCluster } from './live-cluster.ts';
import { connectTo, eventually, liveCluster } from './testing/api-server.ts';
import { startFaultProxy, type FaultProxy } from './testing/fault-proxy.ts';

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };
const PATH = '/api/v1/namespaces/default/configmaps';

/** Without its watch cache the API server remembers exactly what etcd does, and sends no bookmarks. */
describe('a watch whose history is lost', () => {
  let plane: ControlPlane;
  let proxy: FaultProxy;
  let direct: LiveCluster;
  let watched: LiveCluster;
  let metrics: Metrics;
  let second: ChildProcess | undefined;

  const create = (name: string): Promise<KubeObject> =>
    direct.api.request({ verb: 'create', resource: 'test', method: 'POST', path: PATH, body: { metadata: { name } } });
  const destroy = (name: string): Promise<unknown> =>
    direct.api.request({ verb: 'delete', resource: 'test', method: 'DELETE', path: `${PATH}/${name}` });
  const get = (name: string): KubeObject | undefined => watched.get({ ...CONFIG_MAP, namespace: 'default', name });
  const restarts = async (cause: string): Promise<number> =>
    (await metrics.watchRestarts.get()).values.find(({ labels }) => labels.cause === cause)?.value ?? 0;

  beforeAll(async () => {
    plane = await startControlPlane({ extraApiServerFlags: ['--watch-cache=false'] });
    proxy = await startFaultProxy(plane);
    direct = liveCluster({ connection: connectTo(plane), kinds: [] }).cluster;
    ({ cluster: watched, metrics } = liveCluster({
      connection: connectTo(plane, proxy.url),
      kinds: [CONFIG_MAP],
      timing: { silenceMs: 60_000, backoff: { firstMs: 50, maxMs: 500 } },
    }));
    watched.start();
    await watched.settled();
  });
  afterAll(async () => {
    await watched.stop();
    await proxy.stop();
    if (second?.pid !== undefined) {
      second.kill('SIGTERM');
      await once(second, 'exit');
    }
    await plane.stop();
  });

  test('410 for real, by compaction of etcd: everything missed is found by a list', async () => {
    await create('gone');
    await eventually(() => get('gone'));
    proxy.decide = () => ({ type: 'reset' });
    proxy.breakStreams({ type: 'reset' });
    await destroy('gone');
    const { metadata } = await create('kept');
    const compaction = { revision: metadata.resourceVersion, physical: true };
    const answer = await fetch(`${plane.etcdUrl}/v3/kv/compaction`, {
      method: 'POST',
      body: JSON.stringify(compaction),
    });
    expect(answer.status).toBe(200);
    proxy.decide = () => undefined;
    await eventually(() => get('kept'));
    expect(get('gone')).toBeUndefined();
    expect(await restarts('gone')).toBeGreaterThan(0);
  });

  test('a restart of the API server is survived', async () => {
    const pid = plane.pids['kube-apiserver'] ?? 0;
    const [command = '', ...flags] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
    process.kill(pid, 'SIGKILL');
    await eventually(() => (isAlive(pid) ? undefined : true));
    await eventually(() => (watched.health()[0]?.state === 'failing' ? true : undefined));
    second = spawn(command, flags, { stdio: 'ignore' });
    await eventually(() => create('later').catch(() => undefined), 60_000);
    await eventually(() => get('later'), 10_000);
    expect(watched.health()[0]).toMatchObject({ state: 'watching' });
  }, 90_000);
});

/** A program that ended but was not waited for has no command line. */
const isAlive = (pid: number): boolean =>
  existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`).length > 0;
