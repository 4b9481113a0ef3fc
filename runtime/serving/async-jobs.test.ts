import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { ApiError } from '../errors.ts';
import type { AsyncJob, KeptAnswer } from './async-job.ts';
import { describeJob } from './async-job.ts';
import type { AsyncJobsOptions } from './async-jobs.ts';
import { AsyncJobs } from './async-jobs.ts';
import { Call } from './call.ts';

const TTL_MS = 60_000;
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'performance'] });
});
afterEach(() => {
  jest.useRealTimers();
});

const turns = async () => {
  for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
};
const answerOf = (bytes: number): KeptAnswer => ({ headers: {}, body: [new Uint8Array(bytes)] });
const create = (options: Partial<AsyncJobsOptions> = {}) =>
  new AsyncJobs({ maxJobs: 3, maxBytes: 100, ttlMs: TTL_MS, ...options });

/** An order whose answer comes when the test says so. */
function order(bytes = 10, name = 'm') {
  const { promise, resolve, reject } = Promise.withResolvers<KeptAnswer>();
  let runs = 0;
  const call = new Call('client');
  const run = () => {
    runs += 1;
    call.onCancel = () => reject(new ApiError('Cancelled', 'The request was cancelled.'));
    return promise;
  };
  return { bytes, target: { name }, call, run, resolve, reject, runs: () => runs };
}

test('a job is run, kept, and forgotten when it is too old', async () => {
  const jobs = create();
  const given = order();
  const job = jobs.submit(given);
  expect([job.status, jobs.figures.bytes, job.expiresAt - job.createdAt]).toEqual(['running', 10, TTL_MS]);
  given.resolve(answerOf(30));
  await turns();
  expect(jobs.find(job.id)).toMatchObject({ status: 'succeeded', bytes: 30, order: undefined });
  expect(jobs.figures).toMatchObject({ running: 0, stored: 1, bytes: 30, ended: { succeeded: 1 } });
  jest.advanceTimersByTime(TTL_MS - 1);
  expect(jobs.find(job.id)).toBe(job);
  jest.advanceTimersByTime(1);
  expect(() => jobs.find(job.id)).toThrow('There is no job of this id');
  expect(jobs.figures).toMatchObject({ stored: 0, bytes: 0 });
});

test('what is refused is kept as it was refused, and what a client sees says why', async () => {
  const jobs = create();
  const given = order();
  const job = jobs.submit(given);
  given.reject(new ApiError('InvalidRequest', 'inputs lacks "x"'));
  await turns();
  expect(job.failure).toMatchObject({ code: 'InvalidRequest' });
  expect(describeJob(job)).toMatchObject({ status: 'failed', error: 'inputs lacks "x"', model_name: 'm' });
});

test('what nobody foresaw says nothing of the inside', async () => {
  const jobs = create();
  const given = order();
  const job = jobs.submit(given);
  given.reject(new TypeError('cannot open /secret'));
  await turns();
  expect(JSON.stringify(describeJob(job))).not.toContain('secret');
});

test('a few jobs of a model run at one time; the others wait, and other models do not wait for them', async () => {
  const jobs = create({ maxJobs: 100, maxBytes: 10_000 });
  const orders = Array.from({ length: 20 }, () => order());
  for (const given of orders) jobs.submit(given);
  const other = jobs.submit(order(10, 'other'));
  expect(jobs.figures).toMatchObject({ queued: 4, running: 17 });
  expect(other.status).toBe('running');
  orders[3]?.resolve(answerOf(1));
  await turns();
  expect(jobs.figures).toMatchObject({ queued: 3, running: 17 });
  expect(orders[16]?.runs()).toBe(1);
});

test('with no room, jobs are refused and none that is wanted is given up', async () => {
  const jobs = create();
  const [first, second, third] = [order(), order(), order()];
  const [kept] = [first, second, third].map((given) => jobs.submit(given));
  first.resolve(answerOf(5));
  await turns();
  expect(() => jobs.submit(order())).toThrow('3 jobs with 25 bytes are kept already');
  expect(jobs.figures.refused).toBe(1);
  expect(jobs.find(kept?.id ?? '').status).toBe('succeeded');
  // Once it was fetched, its place can be had.
  (kept as AsyncJob).wasFetched = true;
  jobs.submit(order());
  expect(() => jobs.find(kept?.id ?? '')).toThrow('no job');
});

test('bytes are bounded: of requests, and of answers', async () => {
  const jobs = create();
  expect(() => jobs.submit(order(101))).toThrow('The request has 101 bytes; at most 100');
  const [large, small] = [order(60), order(20)];
  const [first, second] = [jobs.submit(large), jobs.submit(small)];
  expect(() => jobs.submit(order(30))).toThrow('2 jobs with 80 bytes');
  small.resolve(answerOf(41));
  await turns();
  expect(second).toMatchObject({ status: 'failed', failure: { code: 'QueueFull' } });
  large.resolve(answerOf(100));
  await turns();
  expect(first).toMatchObject({ status: 'succeeded', bytes: 100 });
});

test('a job that runs is cancelled: its answer is dropped and its memory free', async () => {
  const jobs = create();
  const given = order();
  const job = jobs.submit(given);
  jobs.remove(job.id);
  expect(job).toMatchObject({ status: 'cancelled', bytes: 0, failure: { code: 'Cancelled' } });
  expect(given.call.isCancelled).toBe(true);
  given.resolve(answerOf(50));
  await turns();
  expect(job).toMatchObject({ status: 'cancelled', bytes: 0 });
  expect(jobs.figures).toMatchObject({ running: 0, bytes: 0, ended: { cancelled: 1, succeeded: 0, failed: 0 } });
  jobs.remove(job.id);
  expect(() => jobs.remove(job.id)).toThrow('no job');
});

test('a job that waits is cancelled before it ever runs', async () => {
  const jobs = create({ maxJobs: 100, maxBytes: 1000 });
  const orders = Array.from({ length: 17 }, () => order());
  const last = orders.map((given) => jobs.submit(given)).at(-1) as AsyncJob;
  expect(last.status).toBe('queued');
  jobs.remove(last.id);
  orders[0]?.resolve(answerOf(1));
  await turns();
  expect([orders.at(-1)?.runs(), last.status]).toEqual([0, 'cancelled']);
});

test('a job that takes too long is given up', async () => {
  const jobs = create();
  const given = order();
  const job = jobs.submit(given);
  jest.advanceTimersByTime(TTL_MS);
  expect(job).toMatchObject({ status: 'failed', failure: { code: 'DeadlineExceeded' } });
  expect(given.call.isCancelled).toBe(true);
  jest.advanceTimersByTime(TTL_MS);
  expect(() => jobs.find(job.id)).toThrow('no job');
});

test('what can pass by itself is tried again', async () => {
  const jobs = create();
  const failures = ['QueueFull', 'NotReady', 'QueueFull'] as const;
  let runs = 0;
  const run = async () => {
    const failure = failures[runs];
    runs += 1;
    if (failure !== undefined) throw new ApiError(failure, 'later');
    return answerOf(1);
  };
  const job = jobs.submit({ ...order(), run });
  for (let pause = 0; pause < 3; pause += 1) {
    await turns();
    expect(job.status).toBe('running');
    jest.advanceTimersByTime(5000);
  }
  await turns();
  expect([job.status, runs]).toEqual(['succeeded', 4]);
});

test('a request that ends the process of its model each time is given up', async () => {
  const jobs = create();
  let runs = 0;
  const run = async () => {
    runs += 1;
    throw new ApiError('ModelRestarting', 'crashed');
  };
  const job = jobs.submit({ ...order(), run });
  for (let pause = 0; pause < 5; pause += 1) {
    await turns();
    jest.advanceTimersByTime(5000);
  }
  expect([job.status, runs]).toEqual(['failed', 3]);
});

test('a key makes one job of what is handed in twice, until it is forgotten', async () => {
  const jobs = create();
  const key = { text: 'k', digest: 'd' };
  const job = jobs.submit({ ...order(), key });
  expect(jobs.submit({ ...order(), key })).toBe(job);
  expect(() => jobs.submit({ ...order(), key: { ...key, digest: 'other' } })).toThrow(
    'Idempotency-Key is "k", which another request has used',
  );
  expect(() => jobs.submit({ ...order(10, 'other'), key })).toThrow('another request');
  jobs.remove(job.id);
  jobs.remove(job.id);
  expect(jobs.submit({ ...order(), key })).not.toBe(job);
});

test('draining: what waits is ended at once, what runs has its time, nothing new is taken', async () => {
  const ended: string[] = [];
  const jobs = create({ maxJobs: 100, maxBytes: 1000, onEnded: ({ status }) => ended.push(status) });
  const orders = Array.from({ length: 17 }, () => order());
  const all = orders.map((given) => jobs.submit(given));
  const drained = jobs.drain(1000);
  expect(all.at(-1)).toMatchObject({ status: 'failed', failure: { code: 'NotReady' } });
  expect(() => jobs.submit(order())).toThrow('shutting down');
  orders[0]?.resolve(answerOf(1));
  await turns();
  jest.advanceTimersByTime(1000);
  await drained;
  expect(all[0]?.status).toBe('succeeded');
  expect(all[1]).toMatchObject({
    status: 'failed',
    failure: { message: 'The server was shut down before the job was done; submit it again.' },
  });
  expect(ended).toHaveLength(17);
});

test('draining with nothing to do takes no time', async () => {
  await create().drain(1_000_000);
});
