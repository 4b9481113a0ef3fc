import { expect, test } from '@jest/globals';
import { sameJson } from './same-json.ts';

test.each<{ name: string; left: unknown; right: unknown; want: boolean }>([
  {
    name: 'the same in another order',
    left: { a: 1, b: [2, { c: null }] },
    right: { b: [2, { c: null }], a: 1 },
    want: true,
  },
  { name: 'undefined is absent', left: { a: 1, b: undefined }, right: { a: 1, c: undefined }, want: true },
  { name: 'null is not absent', left: { a: null }, right: {}, want: false },
  { name: 'one more on the left', left: { a: 1, b: 2 }, right: { a: 1 }, want: false },
  { name: 'one more on the right', left: { a: 1 }, right: { a: 1, b: 2 }, want: false },
  { name: 'a name that every object inherits', left: {}, right: { constructor: 'x' }, want: false },
  { name: 'another order in a list', left: [1, 2], right: [2, 1], want: false },
  { name: 'a list and an object', left: [], right: {}, want: false },
])('$name: $want', ({ left, right, want }) => {
  expect(sameJson(left, right)).toBe(want);
  expect(sameJson(right, left)).toBe(want);
});
