import { expect, test } from '@jest/globals';
import { busyMsOf } from './core-time.ts';

const STAT =
  'cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 10 1 20 500 7 2 3 4 0 0\ncpu1 1 0 0 0 0 0 0 0 0 0\ncpu10 5 0 0 0 0 0 0 0 0 0\n';

test.each([
  { name: 'idle and waiting do not count', core: '0', want: 400 },
  { name: 'core 1 is not core 10', core: '1', want: 10 },
])('busyMsOf: $name', ({ core, want }) => expect(busyMsOf(STAT, core)).toBe(want));
