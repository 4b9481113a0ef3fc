import { describe, expect, test } from '@jest/globals';
import { decideStalled, type WorkerSigns } from './stall.ts';
import { decideStragglers } from './stragglers.ts';

const MINUTE = 60_000;
const worker = (index: number, signs: Partial<WorkerSigns> = {}): WorkerSigns => ({
  name: `w-${index}`,
  job: 'digits-r1-train-1',
  index,
  startedAtMs: 0,
  ...signs,
});

describe('decideStalled', () => {
  test.each<{ name: string; signs: Partial<WorkerSigns>; want: boolean }>([
    { name: 'silent and idle for long', signs: { lastOutputAtMs: MINUTE, busyAtMs: 2 * MINUTE }, want: true },
    { name: 'silent, but computes', signs: { lastOutputAtMs: MINUTE, busyAtMs: 11 * MINUTE }, want: false },
    { name: 'idle, but prints', signs: { lastOutputAtMs: 11 * MINUTE, busyAtMs: MINUTE }, want: false },
    { name: 'silent, use unknown', signs: { lastOutputAtMs: MINUTE }, want: true },
    { name: 'never printed', signs: {}, want: true },
    { name: 'just started', signs: { startedAtMs: 5 * MINUTE }, want: false },
  ])('$name: $want', ({ signs, want }) =>
    expect(decideStalled([worker(0, signs)], { afterMs: 10 * MINUTE, nowMs: 12 * MINUTE })).toHaveLength(want ? 1 : 0),
  );

  test('says who, since when, and what was printed last', () => {
    const signs = { lastOutputAtMs: MINUTE, busyAtMs: 2 * MINUTE, lastLine: 'epoch=3 loss=0.2' };
    const stalled = decideStalled([worker(0, { startedAtMs: 8 * MINUTE }), worker(1, signs), worker(2)], {
      afterMs: 10 * MINUTE,
      nowMs: 12 * MINUTE,
    });
    expect(stalled).toEqual([
      {
        name: 'w-1',
        job: 'digits-r1-train-1',
        sinceMs: 2 * MINUTE,
        message:
          'Worker 1 (pod w-1) has printed nothing and used no processor since 1970-01-01T00:02:00Z. It last printed: epoch=3 loss=0.2',
      },
      {
        name: 'w-2',
        job: 'digits-r1-train-1',
        sinceMs: 0,
        message: 'Worker 2 (pod w-2) has printed nothing since 1970-01-01T00:00:00Z. It never printed anything.',
      },
    ]);
  });

  test('and of which trial it is', () => {
    const [stalled] = decideStalled([worker(0, { trial: 7 })], { afterMs: MINUTE, nowMs: 2 * MINUTE });
    expect(stalled?.message).toMatch(/^Worker 0 of trial 7 \(pod w-0\) has printed nothing since/);
  });
});

describe('decideStragglers', () => {
  const names = (workers: WorkerSigns[], rate = 0): string[] => decideStragglers(workers, rate).map(({ name }) => name);
  const atSteps = (...steps: number[]): WorkerSigns[] => steps.map((step, index) => worker(index, { step }));
  const withCores = (...cores: number[]): WorkerSigns[] => cores.map((used, index) => worker(index, { cores: used }));

  test.each([
    { name: 'far behind', workers: atSteps(100, 70, 100, 101), want: ['w-1'] },
    { name: 'a little behind', workers: atSteps(100, 85, 100, 101), want: [] },
    { name: 'few steps, large share', workers: atSteps(4, 2, 4, 4), want: [] },
    { name: 'one of two', workers: atSteps(100, 40), want: ['w-1'] },
    { name: 'alone', workers: atSteps(1), want: [] },
    { name: 'little use of the processor', workers: withCores(2, 0.4, 2.1), want: ['w-1'] },
    { name: 'nobody computes', workers: withCores(0.05, 0.001, 0.05), want: [] },
    { name: 'nothing is known', workers: [worker(0), worker(1)], want: [] },
  ])('$name', ({ workers, want }) => expect(names(workers)).toEqual(want));

  test('a worker that was read earlier is not behind for that', () => {
    const workers = [
      worker(0, { step: 1300, stepReadAtMs: 30_000 }),
      worker(1, { step: 1000, stepReadAtMs: 0 }),
      worker(2, { step: 1300, stepReadAtMs: 30_000 }),
    ];
    expect(names(workers, 10)).toEqual([]);
    expect(names(workers, 0.1)).toEqual(['w-1']);
  });

  test('figures are named', () => {
    expect(decideStragglers(atSteps(100, 70, 100))[0]?.message).toBe(
      'Worker 1 (pod w-1) is at step 70, the middle of the others at 100.',
    );
    expect(decideStragglers(withCores(2, 0.4, 2))[0]?.message).toBe(
      'Worker 1 (pod w-1) uses 0.40 cores, the middle of all is 2.00.',
    );
  });
});
