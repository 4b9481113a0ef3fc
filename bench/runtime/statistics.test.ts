import { expect, test } from '@jest/globals';
import { median, medians, quantile } from './statistics.ts';

test.each([
  { name: 'the one in the middle', values: [9, 1, 5], want: 5 },
  { name: 'between the two in the middle', values: [4, 1, 2, 9], want: 3 },
  { name: 'nothing of nothing', values: [], want: NaN },
])('median: $name', ({ values, want }) => expect(median(values)).toBe(want));

test.each([
  { name: 'half of four is the second', values: [4, 3, 2, 1], share: 0.5, want: 2 },
  { name: 'the slow end is one that was measured', values: [1, 2, 3], share: 0.99, want: 3 },
  { name: 'the fast end', values: [3, 1], share: 0, want: 1 },
  { name: 'nothing of nothing', values: [], share: 0.5, want: NaN },
])('quantile: $name', ({ values, share, want }) => expect(quantile(values, share)).toBe(want));

test('medians takes each figure by itself', () => {
  expect(
    medians([
      { a: 1, b: 30 },
      { a: 2, b: 10 },
      { a: 9, b: 20 },
    ]),
  ).toEqual({ a: 2, b: 20 });
});
