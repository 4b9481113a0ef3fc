import { expect, test } from '@jest/globals';
import type { Figures, Sample } from './figures.ts';
import { judgeAll } from './goals.ts';
import { reportText } from './report/report.ts';

const sample = (perSecond: number, rest: Partial<Sample> = {}): Sample => ({
  perSecond,
  p50Ms: 1,
  p99Ms: 2,
  cpuMs: 0.03,
  failed: 0,
  othersPercent: 1,
  ...rest,
});

const figures: Figures = {
  machine: { cores: 2, cpu: 'a chip', loadAverage: 0.1, node: '24' },
  options: { seconds: 2, rounds: 3 },
  program: 'runtime.mjs',
  cells: {
    'S-json-c64': {
      aimass: sample(21_000),
      'aimass-inline': sample(30_000, { cpuMs: 0.02 }),
      mlserver: sample(2000, { p99Ms: 5 }),
      triton: sample(5000),
      'echo-http': sample(50_000, { cpuMs: 0.012 }),
    },
    'L-grpc-c1': { aimass: sample(28) },
  },
  refusals: { 'S-binary-c64': { mlserver: 'HTTP 500: Internal\nServer Error' } },
  loops: { L: { perSecond: 30, p50Ms: 33, cpuMs: 33, twoCoresPerSecond: 58 } },
  twoCores: {},
  servers: { aimass: { readyMs: 510, afterMiB: 200 }, mlserver: { afterMiB: 250 } },
  modelMiB: { S: 60 },
  absent: { kserve: 'cannot be installed: no such version' },
  saturation: [],
  layers: [],
  skipped: [],
};

test.each([
  { what: 'S-json-c64: requests/s / mlserver', measured: '10.5×', outcome: 'met' },
  { what: 'S-json-c64: requests/s / triton', measured: '4.20×', outcome: 'missed' },
  { what: 'S-json-c64: requests/s / kserve', measured: '', outcome: 'not measured' },
  { what: 'S-json-c64: p99 / mlserver', measured: '0.400×', outcome: 'met' },
  { what: 'S-json-c64: CPU per request / echo-http', measured: '2.50×', outcome: 'missed' },
  { what: 'L-grpc-c1: requests/s / raw session loop', measured: '0.933×', outcome: 'met' },
  { what: 'ready after start with S', measured: '510 ms', outcome: 'missed' },
  { what: 'memory with four models after load / mlserver', measured: '0.800×', outcome: 'met' },
])('goal: $what is $outcome', ({ what, measured, outcome }) => {
  expect(judgeAll(figures, 'aimass').find((verdict) => verdict.what === what)).toMatchObject({ measured, outcome });
});

test('a ratio of requests per second has its steadier form beside it', () => {
  const [first] = judgeAll(figures, 'aimass-inline');
  expect(first).toMatchObject({ measured: '15.0×', byCpu: '1.50×' });
});

test('the report shows goals, cells, refusals and who is absent, and no part without figures', () => {
  const kinds = [{ name: 'kserve', about: 'KServe' }] as unknown as Parameters<typeof reportText>[1];
  const text = reportText(figures, kinds);
  expect(text).toContain('Goals met by aimass: 4, missed: 3, not measured: 22.');
  expect(text).toMatch(/\| S-binary-c64 \| mlserver \| HTTP 500: Internal Server Error +\|/);
  expect(text).toMatch(/\| kserve +\| cannot be installed: no such version +\|/);
  expect(text).toMatch(/\| S-json-c64 \| triton +\| 4.2× /);
  expect(text).not.toContain('A pool of models');
});
