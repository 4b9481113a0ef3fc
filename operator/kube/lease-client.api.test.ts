import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startControlPlane, type ControlPlane } from '../../hack/local-cluster/control-plane.ts';
import { systemClock } from '../loop/clock.ts';
import { LeaderElector } from '../loop/leader.ts';
import { silentLogger } from '../telemetry/log.ts';
import { createLeaseClient } from './lease-client.ts';
import type { LiveCluster } from './live-cluster.ts';
import { connectTo, eventually, liveCluster } from './testing/api-server.ts';
import { startFaultProxy, type FaultProxy } from './testing/fault-proxy.ts';

interface Candidate {
  elector: LeaderElector;
  log: string[];
  run: () => Promise<void>;
}

describe('leader election on a real API server', () => {
  let plane: ControlPlane;
  let proxy: FaultProxy;
  let behindProxy: LiveCluster;
  let direct: LiveCluster;

  const candidate = (identity: string, name: string, cluster: LiveCluster): Candidate => {
    const log: string[] = [];
    const elector = new LeaderElector({
      client: createLeaseClient(cluster.api, { name, namespace: 'default', timeoutMs: 1_000 }),
      identity,
      leaseSeconds: 3,
      renewDeadlineSeconds: 2,
      retrySeconds: 0.3,
      clock: systemClock,
      random: Math.random,
      log: silentLogger,
      onElected: () => void log.push('elected'),
      onLost: (reason) => void log.push(`lost: ${reason}`),
    });
    return { elector, log, run: () => elector.run() };
  };
  const lease = (name: string): Promise<{ spec: Record<string, unknown> }> =>
    direct.api.request({
      verb: 'get',
      resource: 'leases',
      method: 'GET',
      path: `/apis/coordination.k8s.io/v1/namespaces/default/leases/${name}`,
    });

  beforeAll(async () => {
    plane = await startControlPlane();
    proxy = await startFaultProxy(plane);
    direct = liveCluster({ connection: connectTo(plane), kinds: [] }).cluster;
    behindProxy = liveCluster({ connection: connectTo(plane, proxy.url), kinds: [] }).cluster;
  });
  afterAll(async () => {
    await proxy.stop();
    await plane.stop();
  });

  test('the API server takes our times, a release hands over at once, and the lead moves once', async () => {
    const first = candidate('first', 'handover', direct);
    const second = candidate('second', 'handover', direct);
    const running = [first.run()];
    await eventually(() => first.log[0]);
    expect((await lease('handover')).spec).toMatchObject({
      holderIdentity: 'first',
      renewTime: expect.stringMatching(/\.\d{6}Z$/),
      leaseTransitions: 0,
    });
    running.push(second.run());
    const releasedAt = Date.now();
    await first.elector.release();
    await eventually(() => second.log[0]);
    expect(Date.now() - releasedAt).toBeLessThan(1_500);
    expect((await lease('handover')).spec).toMatchObject({ holderIdentity: 'second', leaseTransitions: 1 });
    await second.elector.release();
    await Promise.all(running);
    expect([first.log, second.log]).toEqual([['elected'], ['elected']]);
  });

  test('a leader that is cut off knows it before another leads: never two at once', async () => {
    const cut = candidate('cut', 'partition', behindProxy);
    const other = candidate('other', 'partition', direct);
    const running = [cut.run()];
    await eventually(() => cut.log[0]);
    running.push(other.run());
    proxy.decide = () => ({ type: 'hang' });
    let both = 0;
    await eventually(() => {
      if (cut.elector.isLeader() && other.elector.isLeader()) both += 1;
      return other.log[0];
    });
    expect(both).toBe(0);
    expect(cut.log).toEqual(['elected', 'lost: the Lease was not renewed in time']);
    proxy.decide = () => undefined;
    await other.elector.release();
    await Promise.all(running);
  });

  test('a Lease that was deleted by hand is made again by the leader', async () => {
    const leader = candidate('leader', 'deleted', direct);
    const running = leader.run();
    await eventually(() => leader.log[0]);
    const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/deleted';
    await direct.api.request({ verb: 'delete', resource: 'leases', method: 'DELETE', path });
    await eventually(() => lease('deleted').catch(() => undefined));
    expect(leader.elector.isLeader()).toBe(true);
    await leader.elector.release();
    await running;
    expect(leader.log).toEqual(['elected']);
  });
});
