import { expect, test } from '@jest/globals';
import { decideFigures, type Figures } from './figures.ts';

const shown: Figures = {
  observedAt: '2026-01-01T00:00:00Z',
  requestsPerSecond: 100,
  errorRate: 0.02,
  latencyMs: { p50: 10, p99: 50 },
  inFlight: 4,
  cpu: 1,
  memoryBytes: 1e9,
};
const LATER = new Date('2026-01-01T00:00:30Z');

test.each<{ name: string; change: Partial<Figures>; now?: Date; isWritten: boolean }>([
  { name: 'nothing', change: {}, isWritten: false },
  { name: 'a tenth', change: { requestsPerSecond: 110, cpu: 1.1, memoryBytes: 1.1e9 }, isWritten: false },
  { name: 'more than a tenth of the requests', change: { requestsPerSecond: 120 }, isWritten: true },
  { name: 'more than a tenth of little cpu', change: { cpu: 0.96 }, isWritten: false },
  { name: 'a request in flight more', change: { inFlight: 6 }, isWritten: false },
  { name: 'a slower median', change: { latencyMs: { p50: 15, p99: 50 } }, isWritten: true },
  { name: 'memory that grew', change: { memoryBytes: 1.3e9 }, isWritten: true },
  {
    name: 'a change too soon after the last',
    change: { requestsPerSecond: 900 },
    now: new Date('2026-01-01T00:00:29Z'),
    isWritten: false,
  },
])('$name', ({ change, now = LATER, isWritten }) => {
  const fresh = { ...shown, observedAt: '2026-01-01T00:00:30Z', ...change };
  expect(decideFigures(shown, fresh, now) === shown).toBe(!isWritten);
});

test('the end of all requests is written once', () => {
  const { latencyMs: _latency, ...rest } = shown;
  const fresh = { ...rest, requestsPerSecond: 0, errorRate: 0, observedAt: '2026-01-01T00:00:30Z' };
  const written = decideFigures(shown, fresh, LATER);
  expect(written).toEqual(fresh);
  expect(decideFigures(written, { ...fresh, cpu: 1.01 }, new Date('2026-01-01T01:00:00Z'))).toBe(written);
});

test('figures are rounded to what is worth reading', () => {
  const fresh = {
    ...shown,
    requestsPerSecond: 123.456,
    memoryBytes: 123_456_789,
    latencyMs: { p50: 0.1234, p99: 9.87 },
  };
  expect(decideFigures(undefined, fresh, LATER)).toMatchObject({
    requestsPerSecond: 120,
    memoryBytes: 120_000_000,
    latencyMs: { p50: 0.12, p99: 9.9 },
  });
});

test('without new figures the old ones stay', () => expect(decideFigures(shown, undefined, LATER)).toBe(shown));
