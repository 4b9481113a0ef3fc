import { describe, expect, test } from '@jest/globals';
import { countGo, countJest, countLines, sumCounts } from './count.ts';

const assertion = (status: string, fullName = 'does it', failureMessages: string[] = []) => ({
  status,
  fullName,
  failureMessages,
});
const file = (status: string, assertionResults: object[], message = '') => ({
  name: 'a.test.ts',
  status,
  message,
  assertionResults,
});

describe('countJest', () => {
  test.each([
    {
      name: 'each test counts one',
      files: [file('passed', [assertion('passed'), assertion('passed'), assertion('pending')])],
      want: { passed: 2, failed: 0, skipped: 1, failures: [] },
    },
    {
      name: 'a failed test is named with its file, and with what was said, without colours and empty lines',
      files: [
        file('failed', [assertion('passed'), assertion('failed', 'adds up', ['\x1b[31mError\x1b[39m\n\n  at x'])]),
      ],
      want: { passed: 1, failed: 1, skipped: 0, failures: [{ name: 'a.test.ts: adds up', why: 'Error\n  at x' }] },
    },
    {
      name: 'a file that cannot be loaded is one failure, with its reason',
      files: [file('failed', [], '\n  SyntaxError: unexpected token\n at x')],
      want: {
        passed: 0,
        failed: 1,
        skipped: 0,
        failures: [{ name: 'a.test.ts: outside of its tests', why: '  SyntaxError: unexpected token\n at x' }],
      },
    },
    {
      name: 'a failure after the last test, as in afterAll, is not lost',
      files: [file('failed', [assertion('passed')], 'afterAll broke')],
      want: {
        passed: 1,
        failed: 1,
        skipped: 0,
        failures: [{ name: 'a.test.ts: outside of its tests', why: 'afterAll broke' }],
      },
    },
  ])('$name', ({ files, want }) => expect(countJest(JSON.stringify({ testResults: files }))).toEqual(want));
});

describe('countGo', () => {
  const lines = (...events: object[]) => events.map((event) => JSON.stringify(event)).join('\n');
  test.each([
    {
      name: 'tests count, packages do not',
      output: lines({ Action: 'pass', Package: 'p', Test: 'A' }, { Action: 'pass', Package: 'p' }),
      want: { passed: 1, failed: 0, skipped: 0, failures: [] },
    },
    {
      name: 'a failed test is named once with what it printed, not again for its package',
      output: lines(
        { Action: 'output', Package: 'p', Test: 'A', Output: '1 is not 2\n' },
        { Action: 'output', Package: 'p', Test: 'B', Output: 'fine\n' },
        { Action: 'fail', Package: 'p', Test: 'A' },
        { Action: 'fail', Package: 'p' },
      ),
      want: { passed: 0, failed: 1, skipped: 0, failures: [{ name: 'p A', why: '1 is not 2' }] },
    },
    {
      name: 'a package that does not compile is one failure; what the compiler prints is no event',
      output: `# p\nx.go:1: oops\n${lines({ Action: 'fail', Package: 'p' })}`,
      want: { passed: 0, failed: 1, skipped: 0, failures: [{ name: 'p' }] },
    },
  ])('$name', ({ output, want }) => expect(countGo(output)).toEqual(want));
});

describe('countLines', () => {
  test.each([
    {
      name: 'every line with totals counts',
      output: '... [100%]\n3 passed, 0 failed\n3 passed in 0.1s\n4 passed, 0 failed\n',
      want: { passed: 7, failed: 0, skipped: 0, failures: [] },
    },
    {
      name: 'what failed is named, what was not run is counted',
      output: '✗ cli: ruff\nFAILED a.py::test_x - no\nERROR b.py\n2 tests were not run, why\n5 passed, 3 failed',
      want: {
        passed: 5,
        failed: 3,
        skipped: 2,
        failures: [{ name: 'cli: ruff' }, { name: 'a.py::test_x - no' }, { name: 'b.py' }],
      },
    },
    { name: 'a runner that never came to its totals is not counted', output: 'installing\nTraceback', want: undefined },
  ])('$name', ({ output, want }) => expect(countLines(output)).toEqual(want));
});

test('sumCounts adds', () => {
  const one = { passed: 1, failed: 2, skipped: 3, failures: [{ name: 'x' }] };
  expect(sumCounts([one, one])).toEqual({ passed: 2, failed: 4, skipped: 6, failures: [{ name: 'x' }, { name: 'x' }] });
});
