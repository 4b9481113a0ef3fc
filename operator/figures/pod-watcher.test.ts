import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KubeObject } from '../kube/cluster.ts';
import { MemoryCluster } from '../kube/memory-cluster.ts';
import { FakeClock } from '../loop/testing/fake-clock.ts';
import { createPodClient, type PodAnswer } from './pod-client.ts';
import { PodWatcher } from './pod-watcher.ts';

const metrics = (requests: number): string =>
  `process_cpu_seconds_total 1\nprocess_resident_memory_bytes 5e7\naimass_requests_total{code="200"} ${requests}\n`;

describe('PodWatcher', () => {
  let cluster: MemoryCluster;
  let clock: FakeClock;
  let asked: string[];
  let woken: string[];
  let answer: (url: string) => PodAnswer;
  let watcher: PodWatcher;

  beforeEach(() => {
    cluster = new MemoryCluster();
    clock = new FakeClock();
    asked = [];
    woken = [];
    answer = () => ({ status: 200, text: metrics(0) });
    const ask = (url: string): Promise<PodAnswer> => {
      asked.push(url);
      return Promise.resolve().then(() => answer(url));
    };
    watcher = new PodWatcher({ cluster, clock, ask, everySeconds: 15, wake: (key) => woken.push(key) });
  });

  const createPod = (name: string, ready: boolean, podIP = '10.0.0.1'): void => {
    const labels = {
      'app.kubernetes.io/component': 'serving',
      'aimass.dev/inference-service': 'digits',
      'aimass.dev/model': 'iris',
    };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'team', labels } };
    cluster.server.create(pod as KubeObject);
    cluster.server.setStatus(
      { apiVersion: 'v1', kind: 'Pod', namespace: 'team', name },
      {
        phase: 'Running',
        podIP,
        conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
        containerStatuses: [{ name: 'serve', state: { running: {} } }],
      },
    );
  };

  test('wakes the service when its figures are new or differ noticeably', async () => {
    createPod('a', true);
    await watcher.round();
    expect([asked, woken]).toEqual([['http://10.0.0.1:9090/metrics'], []]);
    await clock.advance(15_000);
    answer = () => ({ status: 200, text: metrics(150) });
    await watcher.round();
    expect(watcher.figures('team/digits')).toMatchObject({ requestsPerSecond: 10, memoryBytes: 5e7 });
    expect(woken).toEqual(['team/digits']);
  });

  test('asks a pod that is not ready why, and tells it once', async () => {
    createPod('a', false, 'fd00::1');
    answer = () => ({ status: 503, text: '{"error":"golden example \\"first\\": output label is 3, want 0"}' });
    await watcher.round();
    await watcher.round();
    expect(asked[0]).toBe('http://[fd00::1]:8080/v2/models/iris/ready');
    expect([...watcher.readiness('team/digits').values()]).toEqual([
      'golden example "first": output label is 3, want 0',
    ]);
    expect(woken).toEqual(['team/digits']);
    expect(watcher.figures('team/digits')).toBeUndefined();
  });

  test('asks pods that do not answer less and less often', async () => {
    createPod('a', true);
    answer = () => {
      throw new Error('no route');
    };
    for (let round = 0; round < 40; round += 1) {
      await watcher.round();
      await clock.advance(15_000);
    }
    expect(asked.length).toBeLessThan(8);
    expect(asked.length).toBeGreaterThan(3);
  });

  test('goes round until it is stopped', async () => {
    createPod('a', true);
    watcher.start();
    await clock.advance(31_000);
    await watcher.stop();
    expect(asked).toHaveLength(3);
    expect(clock.waiting).toBe(0);
  });
});

describe('createPodClient', () => {
  let server: Server;
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const listen = async (handle: (path: string) => [number, string]): Promise<string> => {
    server = createServer((request, response) => {
      const [status, text] = handle(request.url ?? '');
      response.writeHead(status, { location: '/elsewhere' }).end(text);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  test('follows no redirect, and refuses more than a scrape can need', async () => {
    const url = await listen((path) => (path === '/big' ? [200, 'x'.repeat(2_000_000)] : [302, '']));
    const client = createPodClient();
    expect(await client.ask(`${url}/metrics`)).toEqual({ status: 302, text: '' });
    await expect(client.ask(`${url}/big`)).rejects.toThrow();
    await client.close();
  });
});
