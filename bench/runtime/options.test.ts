import { expect, test } from '@jest/globals';
import { readOptions } from './options.ts';

test.each([
  { name: 'the default', args: [], want: { seconds: 2, rounds: 3 } },
  { name: 'quick', args: ['--quick'], want: { seconds: 1, rounds: 1 } },
  { name: 'quick, but longer', args: ['--quick', '--seconds', '4'], want: { seconds: 4, rounds: 1 } },
  { name: 'names of servers', args: ['--servers', 'aimass,triton'], want: { servers: ['aimass', 'triton'] } },
])('readOptions: $name', ({ args, want }) => expect(readOptions(args)).toMatchObject(want));

test('help asks for no run', () => expect(readOptions(['--help'])).toBeUndefined());

test('a part of a second is refused with its name', () => {
  expect(() => readOptions(['--seconds', '0.5'])).toThrow('--seconds is "0.5", not a whole number of 1 or more');
});
