import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent } from 'undici';
import { FakeClock } from '../loop/testing/fake-clock.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { silentLogger } from '../telemetry/log.ts';
import type { LogQuery } from './cluster.ts';
import { LiveCluster } from './live-cluster.ts';
import { MemoryCluster } from './memory-cluster.ts';

const query: LogQuery = {
  namespace: 'team',
  name: 'digits-0',
  container: 'train',
  sinceTime: '2026-01-01T00:00:01Z',
  tailLines: 2,
  limitBytes: 100,
};

describe('readLog through HTTP', () => {
  let server: Server;
  let seen: string[];
  let answer: { code: number; text: string };
  const dispatcher = new Agent();

  beforeEach(async () => {
    seen = [];
    server = createServer((request, response) => {
      seen.push(request.url ?? '');
      if (answer.code === 0) return;
      response.writeHead(answer.code, { 'content-type': 'text/plain' }).end(answer.text);
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const clock = new FakeClock();
  const cluster = (): LiveCluster =>
    new LiveCluster({
      connection: {
        server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        credentials: () => Promise.resolve({ headers: {}, dispatcher }),
        invalidate: () => undefined,
        close: () => Promise.resolve(),
      },
      kinds: [],
      namespaces: [],
      log: silentLogger,
      metrics: createMetrics('test'),
      version: 'test',
      instance: 'test',
      clock,
    });

  test('asks for what is wanted, with time stamps', async () => {
    answer = { code: 200, text: '2026-01-01T00:00:01Z epoch=1\n' };
    expect(await cluster().readLog(query)).toBe(answer.text);
    expect(seen).toEqual([
      '/api/v1/namespaces/team/pods/digits-0/log?container=train&sinceTime=2026-01-01T00%3A00%3A01Z&tailLines=2&limitBytes=100&timestamps=true',
    ]);
  });

  test('metrics of pods are those of the metrics API', async () => {
    answer = { code: 200, text: '{"metadata":{},"items":[{"metadata":{"name":"a"}}]}' };
    const labels = { a: 'b' };
    const items = await cluster().readAll({
      apiVersion: 'metrics.k8s.io/v1beta1',
      kind: 'PodMetrics',
      namespace: 'n',
      labels,
    });
    expect(items).toMatchObject([{ kind: 'PodMetrics', metadata: { name: 'a' } }]);
    expect(seen).toEqual(['/apis/metrics.k8s.io/v1beta1/namespaces/n/pods?labelSelector=a%3Db&limit=500']);
  });

  test.each([
    { code: 404, text: '{"reason":"NotFound","message":"pods \\"digits-0\\" not found"}' },
    { code: 400, text: '{"reason":"BadRequest","message":"container \\"train\\" is waiting to start"}' },
    { code: 500, text: 'Get "https://10.0.0.1:10250/containerLogs": dial tcp: connection refused' },
  ])('$code is an error', async ({ code, text }) => {
    answer = { code, text };
    await expect(cluster().readLog(query)).rejects.toMatchObject({ code });
  });

  test('a node that does not answer is given up after ten seconds', async () => {
    answer = { code: 0, text: '' };
    const read = cluster()
      .readLog(query)
      .catch((error: unknown) => error);
    while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(10_000);
    expect(await read).toMatchObject({ message: expect.stringContaining('no answer within 10000 ms') });
  });
});

describe('readLog in memory', () => {
  const pod = { namespace: 'team', name: 'digits-0' };
  const at = (second: number): number => Date.UTC(2026, 0, 1, 0, 0, second);

  test('gives the last lines since a whole second, cut at the end', async () => {
    const cluster = new MemoryCluster();
    cluster.logs.print(pod, at(0), ['early']);
    cluster.logs.print(pod, at(1) + 500, ['one', 'two', 'three']);
    expect(await cluster.readLog(query)).toBe('2026-01-01T00:00:01.500Z two\n2026-01-01T00:00:01.500Z three\n');
    expect(await cluster.readLog({ ...query, limitBytes: 28 })).toBe('2026-01-01T00:00:01.500Z two');
  });

  test('knows no pod that has printed nothing, and fails when told to', async () => {
    const cluster = new MemoryCluster();
    await expect(cluster.readLog(query)).rejects.toMatchObject({ code: 404 });
    cluster.logs.failWith(new Error('no'));
    await expect(cluster.readLog(query)).rejects.toThrow('no');
  });
});
