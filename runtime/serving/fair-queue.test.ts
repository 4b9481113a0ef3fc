import { expect, test } from '@jest/globals';
import type { Tensor } from '../protocol/tensor.ts';
import { BatchSizer } from './batch-size.ts';
import { Call } from './call.ts';
import { FairQueue } from './fair-queue.ts';
import type { Job } from './job.ts';
import { canShare, haveOneRowCount } from './job.ts';

const tensor = (name: string, ...shape: number[]): Tensor => ({
  name,
  datatype: 'FP32',
  shape,
  data: new Float32Array(shape.reduce((product, size) => product * size, 1)),
});

interface Asked {
  name: string;
  client?: string;
  priority?: number;
  rows?: number;
  width?: number;
  isAlone?: boolean;
  outputs?: string[];
}

function job({ name, client = 'a', priority = 0, rows = 1, width = 2, isAlone = false, outputs = ['y'] }: Asked): Job {
  return {
    inputs: [tensor(name, rows, width)],
    outputNames: outputs,
    rows,
    bytes: rows * width * 4,
    call: new Call(client, Infinity, priority),
    queuedAt: 0,
    resolve: () => {},
    reject: () => {},
    isAlone,
    isSettled: false,
  };
}

function queueOf(jobs: Job[], limits = { maxJobs: 1000, maxBytes: 1e9 }): FairQueue {
  const queue = new FairQueue(limits);
  for (const each of jobs) queue.add(each);
  return queue;
}

function takeAll(queue: FairQueue, maxRows: number): string[] {
  const taken: string[] = [];
  for (;;) {
    const batch = queue.take(maxRows);
    if (batch.length === 0) return taken;
    taken.push(batch.map(({ inputs }) => inputs[0]?.name).join('+'));
  }
}

test.each<{ name: string; jobs: Asked[]; maxRows: number; order: string[] }>([
  { name: 'one client is served in its order', jobs: [{ name: '1' }, { name: '2' }], maxRows: 1, order: ['1', '2'] },
  {
    name: 'a client with many requests does not hold up one with few',
    jobs: [{ name: 'a1' }, { name: 'a2' }, { name: 'a3' }, { name: 'b1', client: 'b' }, { name: 'c1', client: 'c' }],
    maxRows: 1,
    order: ['a1', 'b1', 'c1', 'a2', 'a3'],
  },
  {
    name: 'a lower priority number goes first',
    jobs: [
      { name: 'late', priority: 5 },
      { name: 'soon', priority: 1 },
      { name: 'plain' },
      { name: 'golden', priority: -1 },
    ],
    maxRows: 1,
    order: ['golden', 'plain', 'soon', 'late'],
  },
  {
    name: 'requests that fit share a run, up to its rows',
    jobs: [{ name: '1' }, { name: '2', client: 'b', rows: 2 }, { name: '3' }, { name: '4', rows: 2 }],
    maxRows: 4,
    order: ['1+2+3', '4'],
  },
  {
    name: 'a request larger than a run goes alone',
    jobs: [{ name: 'big', rows: 9 }, { name: 'small' }],
    maxRows: 4,
    order: ['big', 'small'],
  },
  {
    name: 'other sizes do not share',
    jobs: [{ name: '1' }, { name: '2', width: 3 }, { name: '3' }],
    maxRows: 8,
    order: ['1', '2', '3'],
  },
  {
    name: 'other clients go along when the one in front does not fit',
    jobs: [{ name: '1' }, { name: 'wide', client: 'b', width: 3 }, { name: '3' }],
    maxRows: 8,
    order: ['1+3', 'wide'],
  },
  {
    name: 'other outputs do not share',
    jobs: [{ name: '1' }, { name: '2', outputs: ['z'] }],
    maxRows: 8,
    order: ['1', '2'],
  },
  {
    name: 'who is to be alone is',
    jobs: [{ name: '1', isAlone: true }, { name: '2' }, { name: '3' }],
    maxRows: 8,
    order: ['1', '2+3'],
  },
])('$name', ({ jobs, maxRows, order }) => {
  const queue = queueOf(jobs.map(job));
  expect(takeAll(queue, maxRows)).toEqual(order);
  expect(queue.size).toBe(0);
  expect(queue.isFull(1e9)).toBe(false);
});

test('long lines keep their order while what was taken is cut off', () => {
  const names = Array.from({ length: 1000 }, (_, index) => String(index));
  const queue = queueOf(names.slice(0, 500).map((name) => job({ name })));
  const first = Array.from({ length: 300 }, () => queue.take(1)[0]?.inputs[0]?.name);
  for (const name of names.slice(500)) queue.add(job({ name }));
  expect([...first, ...takeAll(queue, 1)]).toEqual(names);
});

test.each([
  { name: 'its number', limits: { maxJobs: 2, maxBytes: 1e9 } },
  { name: 'their bytes', limits: { maxJobs: 10, maxBytes: 20 } },
])('a queue is bounded by $name, and what is taken or given up makes room', ({ limits }) => {
  const [first, second] = [job({ name: '1' }), job({ name: '2', client: 'b' })];
  const queue = queueOf([first, second], limits);
  expect(queue.isFull(8)).toBe(true);
  queue.remove(second);
  queue.remove(second);
  expect([queue.size, queue.isFull(8)]).toEqual([1, false]);
  expect(takeAll(queue, 1)).toEqual(['1']);
  expect(queue.isFull(1e9)).toBe(false);
});

test('a request that was given up leaves its neighbours in their order', () => {
  const jobs = ['1', '2', '3', '4'].map((name) => job({ name }));
  const queue = queueOf(jobs);
  queue.take(1);
  queue.remove(jobs[2] as Job);
  expect(takeAll(queue, 1)).toEqual(['2', '4']);
});

test('at the end everything that waits is given back', () => {
  const jobs = [job({ name: '1' }), job({ name: '2', client: 'b', priority: 3 })];
  const queue = queueOf(jobs);
  (jobs[0] as Job).isSettled = true;
  expect(queue.drain()).toEqual([jobs[1]]);
  expect([queue.size, queue.take(9)]).toEqual([0, []]);
});

test('rows are counted up to what is asked', () => {
  const queue = queueOf([job({ name: '1', rows: 3 }), job({ name: '2', client: 'b', rows: 3 })]);
  expect([queue.rowsUpTo(4), queue.rowsUpTo(100)]).toEqual([6, 6]);
});

test.each([
  { name: 'the same first size', inputs: [tensor('a', 2, 3), tensor('b', 2)], isOne: true },
  { name: 'another first size', inputs: [tensor('a', 2, 3), tensor('b', 3)], isOne: false },
  { name: 'no rows', inputs: [tensor('a', 0, 3)], isOne: false },
  { name: 'a scalar', inputs: [tensor('a')], isOne: false },
  { name: 'no inputs', inputs: [], isOne: false },
])('inputs with $name: rows $isOne', ({ inputs, isOne }) => {
  expect(haveOneRowCount(inputs)).toBe(isOne);
});

test('requests share only with the same sizes beyond the first', () => {
  expect(canShare(job({ name: '1', rows: 1 }), job({ name: '2', rows: 5 }))).toBe(true);
  expect(canShare(job({ name: '1', width: 1 }), job({ name: '2', width: 5 }))).toBe(false);
});

test.each([
  { name: 'no target: the limit', targetP99Ms: undefined, runs: [[1, 5]], rows: 64 },
  { name: 'nothing learnt: the limit', targetP99Ms: 10, runs: [], rows: 64 },
  {
    name: 'fixed 1 ms and 0.5 ms a row, target 20 ms',
    targetP99Ms: 20,
    runs: [
      [1, 1.5],
      [8, 5],
      [4, 3],
    ],
    rows: 18,
  },
  {
    name: 'a target that cannot be kept: 1',
    targetP99Ms: 1,
    runs: [
      [1, 50],
      [2, 100],
    ],
    rows: 1,
  },
  {
    name: 'one size only: by the row',
    targetP99Ms: 20,
    runs: [
      [2, 4],
      [2, 4],
    ],
    rows: 5,
  },
  {
    name: 'more rows cost nothing: the limit',
    targetP99Ms: 20,
    runs: [
      [1, 5],
      [9, 4],
    ],
    rows: 64,
  },
])('rows of a run with $name', ({ targetP99Ms, runs, rows }) => {
  const sizer = new BatchSizer({ maxRows: 64, targetP99Ms });
  for (let round = 0; round < 50; round += 1) for (const [count = 0, ms = 0] of runs) sizer.learn(count, ms);
  expect(sizer.maxRows).toBe(rows);
});
