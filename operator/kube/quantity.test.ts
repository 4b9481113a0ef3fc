import { expect, test } from '@jest/globals';
import { parseQuantity, sameQuantity } from './quantity.ts';

test.each<[string | number, number | undefined]>([
  ['100m', 0.1],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['12e6', 12e6],
  ['1E', 1e18],
  ['-2k', -2000],
  ['.5', 0.5],
  [3, 3],
  ['', undefined],
  ['1 Gi', undefined],
  ['1KB', undefined],
])('parseQuantity(%j)', (text, want) => expect(parseQuantity(text)).toBe(want));

test.each<[string | number, string | number, boolean]>([
  ['1000m', '1', true],
  ['0.1', '100m', true],
  [2, '2', true],
  ['1Gi', '1G', false],
  ['abc', 'abc', true],
  ['0', '0m', true],
])('sameQuantity(%j, %j)', (a, b, want) => expect(sameQuantity(a, b)).toBe(want));
