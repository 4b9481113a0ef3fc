import { expect, test } from '@jest/globals';
import { tellFailures } from './tell-failures.ts';

const lines = (count: number): string => Array.from({ length: count }, (_, index) => `line ${index + 1}`).join('\n');

test.each([
  {
    name: 'the reason stands under the name',
    failures: [{ name: 'adds up', why: 'Error: 1 is not 2\n  at sum' }, { name: 'b' }],
    want: '  adds up\n      Error: 1 is not 2\n        at sum\n  b',
  },
  {
    name: 'a long line is cut',
    failures: [{ name: 'a', why: 'x'.repeat(900) }],
    want: `  a\n      ${'x'.repeat(200)}`,
  },
])('$name', ({ failures, want }) => expect(tellFailures(failures)).toBe(want));

test('of a long reason the first fifteen lines are told, and how many there are more', () => {
  const told = tellFailures([{ name: 'a', why: lines(17) }]).split('\n');
  expect(told).toHaveLength(17);
  expect(told.slice(-2)).toEqual(['      line 15', '      … and 2 more lines']);
});
