import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { apply, clusterAddress, environment, eventually, insideNetwork, list, untilCondition } from './cluster.ts';
import { inNamespace } from './in-namespace.ts';
import { goldenExample, libraryManifest } from './library.ts';
import { startLoad } from './load.ts';
import { startPrometheus } from './prometheus.ts';

const NAMESPACE = inNamespace('e2e-metrics');
const targets = () => [
  { job: 'operator', namespace: environment.release(), selector: 'app.kubernetes.io/component=operator', port: 8080 },
  { job: 'serving', namespace: NAMESPACE, selector: 'aimass.dev/inference-service=iris', port: 9090 },
];
let prometheus: Awaited<ReturnType<typeof startPrometheus>>;

beforeAll(async () => {
  await apply(
    libraryManifest('iris', 'model', { namespace: NAMESPACE }),
    libraryManifest('iris', 'service', { namespace: NAMESPACE }),
  );
  await untilCondition('inferenceservice.aimass.dev', 'iris', { namespace: NAMESPACE });
  prometheus = await startPrometheus(targets());
});
afterAll(async () => {
  await prometheus?.stop();
});

const podAddress = async (inNamespace: string, selector: string): Promise<string> => {
  const pods = await list('pods', inNamespace, selector);
  return (pods[0]?.status as { podIP?: string } | undefined)?.podIP ?? 'no address';
};

/** What promtool, Prometheus' own linter, says of a page of metrics; nothing when all is well. */
async function lint(metrics: string): Promise<string> {
  const child = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise((resolve) => child.on('close', resolve));
  child.stdin.end(metrics);
  await ended;
  return said;
}

describe('a real Prometheus', () => {
  test('finds and scrapes both operators and the serving pod', async () => {
    await eventually('three targets up', async () => {
      const up = await prometheus.query('sum by (job) (up)');
      const count = Object.fromEntries(up.map(({ metric, value }) => [metric.job, value]));
      return count.operator === 2 && count.serving === 1;
    });
  });

  test('sees requests, their duration and their outcome', async () => {
    const url = `http://${await clusterAddress('iris', NAMESPACE)}/v2/models/iris/infer`;
    const load = startLoad(url, goldenExample('iris').request, { perSecond: 20 });
    await eventually('a request rate', async () => {
      const [rate] = await prometheus.query(
        'sum(rate(aimass_requests_total{namespace="e2e-metrics",code="200"}[10s]))',
      );
      return rate !== undefined && rate.value > 5;
    });
    const [p99] = await prometheus.query(
      'histogram_quantile(0.99, sum by (le) (rate(aimass_request_duration_seconds_bucket{namespace="e2e-metrics"}[10s])))',
    );
    expect(p99?.value).toBeGreaterThan(0);
    expect((await load.stop()).failures).toEqual([]);
  });

  test('sees one leader, and its passes over both kinds', async () => {
    await eventually('one leader', async () => {
      const [leaders] = await prometheus.query('sum(aimass_leader)');
      return leaders?.value === 1;
    });
    const passes = await prometheus.query('sum by (controller) (aimass_reconcile_duration_seconds_count)');
    expect(passes.filter(({ value }) => value > 0).length).toBeGreaterThanOrEqual(2);
  });
});

describe("Prometheus' own linter has nothing to say", () => {
  test.each(['operator', 'serving'])('of %s', async (wanted) => {
    const { namespace: inNamespace, selector, port } = targets().find(({ job }) => job === wanted) ?? {};
    const address = await podAddress(inNamespace ?? '', selector ?? '');
    const metrics = await insideNetwork(['curl', '-sSf', '-m', '10', `http://${address}:${port}/metrics`]);
    expect(metrics).toContain('aimass_');
    // Not ours to name: prom-client's own metrics of Node.
    const ours = (await lint(metrics)).split('\n').filter((line) => line !== '' && !line.startsWith('nodejs_'));
    expect(ours).toEqual([]);
  });
});
