import { describe, expect, test } from '@jest/globals';
import { Registry, Counter, Gauge, Histogram, collectDefaultMetrics } from 'prom-client';
import { parseMetrics } from './parse-metrics.ts';
import { toPodSample, type PodSample } from './pod-sample.ts';
import { computeFigures, quantile, withSample } from './window.ts';

const sample = (atMs: number, change: Partial<PodSample> = {}): PodSample => ({
  atMs,
  requests: 0,
  errors: 0,
  buckets: new Map([
    [0.1, 0],
    [0.2, 0],
    [Infinity, 0],
  ]),
  inFlight: 0,
  cpuSeconds: 0,
  memoryBytes: 100,
  ...change,
});

test.each([
  ['a plain value', 'up 1', [{ name: 'up', labels: {}, value: 1 }]],
  [
    'labels with escapes',
    String.raw`m{a="x\"y\\\n,}",b="2"} 3.5`,
    [{ name: 'm', labels: { a: 'x"y\\\n,}', b: '2' }, value: 3.5 }],
  ],
  [
    'a bound without end, and a time',
    'm_bucket{le="+Inf"} +Inf 1700000000000',
    [{ name: 'm_bucket', labels: { le: '+Inf' }, value: Infinity }],
  ],
  ['scientific notation', 'm 1.2e-05', [{ name: 'm', labels: {}, value: 1.2e-5 }]],
  ['comments and empty lines', '# HELP m a\n# TYPE m counter\n\nm 2', [{ name: 'm', labels: {}, value: 2 }]],
  ['nonsense', '<html>502 Bad Gateway</html>', []],
])('parseMetrics reads %s', (_name, text, want) => expect(parseMetrics(text, () => true)).toEqual(want));

test('parseMetrics leaves out what is not wanted', () =>
  expect(parseMetrics('a_total 1\na_total{x="1"} 2\na_total_more 3\n', (name) => name === 'a_total')).toHaveLength(2));

test('a real exporter is read', async () => {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register });
  const requests = new Counter({ name: 'aimass_requests_total', help: 'r', labelNames: ['model', 'code'], registers });
  requests.inc({ model: 'm', code: '200' }, 8);
  requests.inc({ model: 'm', code: '503' }, 2);
  requests.inc({ model: 'm', code: '400' }, 1);
  new Gauge({ name: 'aimass_requests_in_flight', help: 'f', labelNames: ['model'], registers }).set({ model: 'm' }, 3);
  new Histogram({ name: 'aimass_request_duration_seconds', help: 'd', buckets: [0.1, 0.5], registers }).observe(0.2);
  const read = toPodSample(await register.metrics(), 1000);
  expect(read).toMatchObject({ atMs: 1000, requests: 11, errors: 2, inFlight: 3 });
  expect([...(read?.buckets ?? [])]).toEqual([
    [0.1, 0],
    [0.5, 1],
    [Infinity, 1],
  ]);
  expect(read?.memoryBytes).toBeGreaterThan(1e6);
});

test('what is not our exporter is no sample', () => expect(toPodSample('up 1', 0)).toBeUndefined());

describe('computeFigures', () => {
  test('is silent until a pod was read twice', () => {
    expect(computeFigures([[sample(0)]], 0)).toBeUndefined();
    expect(computeFigures([], 0)).toBeUndefined();
  });

  test('adds up the pods', () => {
    const first = [
      sample(0),
      sample(10_000, {
        requests: 50,
        errors: 5,
        cpuSeconds: 5,
        inFlight: 2,
        buckets: new Map([
          [0.1, 25],
          [0.2, 50],
          [Infinity, 50],
        ]),
      }),
    ];
    const second = [
      sample(5000, { requests: 10 }),
      sample(10_000, {
        requests: 60,
        cpuSeconds: 1,
        inFlight: 1,
        buckets: new Map([
          [0.1, 25],
          [0.2, 50],
          [Infinity, 50],
        ]),
      }),
    ];
    expect(computeFigures([first, second], 10_000)).toEqual({
      observedAt: '1970-01-01T00:00:10Z',
      requestsPerSecond: 15,
      errorRate: 0.05,
      latencyMs: { p50: 100, p99: 198 },
      inFlight: 3,
      cpu: 0.7,
      memoryBytes: 200,
    });
  });

  test('has no latency without requests, and forgets pods that fell silent', () => {
    const pod = [sample(0), sample(10_000)];
    expect(computeFigures([pod], 10_000)?.latencyMs).toBeUndefined();
    expect(computeFigures([pod], 131_000)).toBeUndefined();
  });
});

test('withSample keeps a window, and starts anew with the process', () => {
  const samples = [sample(0), sample(30_000), sample(60_000, { requests: 5 })];
  expect(withSample(samples, sample(80_000, { requests: 6 }), 60_000).map(({ atMs }) => atMs)).toEqual([
    30_000, 60_000, 80_000,
  ]);
  expect(withSample(samples, sample(80_000, { requests: 1 }), 60_000).map(({ atMs }) => atMs)).toEqual([80_000]);
});

test.each<{ name: string; buckets: [number, number][]; share: number; want: number }>([
  {
    name: 'the middle of a bucket',
    buckets: [
      [0.1, 0],
      [0.3, 10],
      [Infinity, 10],
    ],
    share: 0.5,
    want: 0.2,
  },
  {
    name: 'more than the last bound',
    buckets: [
      [0.1, 1],
      [Infinity, 10],
    ],
    share: 0.99,
    want: 0.1,
  },
])('quantile of $name', ({ buckets, share, want }) => expect(quantile(buckets, share)).toBeCloseTo(want));

test('no request has no quantile', () => {
  expect(quantile([], 0.5)).toBeUndefined();
  expect(
    quantile(
      [
        [0.1, 0],
        [Infinity, 0],
      ],
      0.5,
    ),
  ).toBeUndefined();
});
