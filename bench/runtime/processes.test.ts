import { expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processTree } from './process-tree.ts';
import { lastWords, pinned, runProgram, startProgram } from './processes.ts';

test.each([
  { name: 'the last error', log: 'at once\nTypeError: no\n    at file:1\n\nNode.js v24', want: 'TypeError: no' },
  { name: 'the last line without an error', log: 'one\ntwo\n\n', want: 'two' },
  { name: 'nothing', log: '', want: 'it said nothing' },
])('lastWords: $name', ({ log, want }) => expect(lastWords(log)).toBe(want));

test('a program that fails is told with what it said', async () => {
  await expect(runProgram({ argv: ['sh', '-c', 'echo sorry >&2; exit 3'] })).rejects.toThrow(/exit code 3\nsorry/);
});

test('a program ends together with what it started', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'aimass-bench-test-'));
  const running = startProgram({ argv: pinned('0', ['sh', '-c', 'sleep 60 & wait']) }, join(folder, 'log'));
  while (processTree(running.pid).length < 2) await new Promise(setImmediate);
  const tree = processTree(running.pid).map(({ pid }) => pid);
  await running.end();
  expect(running.ended()).toBe('SIGTERM');
  expect(tree.filter((pid) => processTree(pid).some(({ cpuMs }) => cpuMs >= 0 && isAlive(pid)))).toEqual([]);
  rmSync(folder, { recursive: true });
});

/** A killed process may stay in /proc as a zombie until its new parent looks. */
const isAlive = (pid: number): boolean => !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
