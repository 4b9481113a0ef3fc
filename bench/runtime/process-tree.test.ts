import { expect, test } from '@jest/globals';
import { parseStat, processTree, treeMemoryMiB, treeOf } from './process-tree.ts';

test('parseStat reads past a name with spaces and parentheses', () => {
  const line = '42 (a (b) c) S 7 42 42 0 -1 4194560 1 2 3 4 10 20 3 4 20 0 1 0 99 1 2';
  expect(parseStat(line)).toEqual({ pid: 42, parent: 7, cpuMs: 370 });
});

test('treeOf gives a process and all below it, and nobody else', () => {
  const processes = [
    { pid: 1, parent: 0, cpuMs: 0 },
    { pid: 5, parent: 1, cpuMs: 0 },
    { pid: 6, parent: 5, cpuMs: 0 },
    { pid: 7, parent: 6, cpuMs: 0 },
    { pid: 8, parent: 1, cpuMs: 0 },
  ];
  expect(treeOf(5, processes).map(({ pid }) => pid)).toEqual([5, 6, 7]);
});

test('this process is found in /proc, with memory', () => {
  expect(processTree(process.pid).map(({ pid }) => pid)).toContain(process.pid);
  expect(treeMemoryMiB(process.pid)).toBeGreaterThan(1);
});
