import { expect, test } from '@jest/globals';
import { Backoff, backoffMs } from './backoff.ts';

const limits = { firstMs: 100, maxMs: 1_000 };

test.each([
  { failures: 1, random: 0.5, want: 100 },
  { failures: 2, random: 0.5, want: 200 },
  { failures: 4, random: 0.5, want: 800 },
  { failures: 5, random: 0.5, want: 1_000 },
  { failures: 5_000, random: 0.5, want: 1_000 },
  { failures: 1, random: 0, want: 50 },
  { failures: 1, random: 0.999, want: 149.9 },
])('backoffMs after $failures failures at $random is $want', ({ failures, random, want }) =>
  expect(backoffMs(failures, limits, () => random)).toBeCloseTo(want),
);

test('a healthy stretch starts the count again', () => {
  const backoff = new Backoff(limits, () => 0.5);
  expect([backoff.next(), backoff.next()]).toEqual([100, 200]);
  backoff.reset();
  expect(backoff.next()).toBe(100);
});
