import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import type { Server } from 'node:http';
import http from 'node:http';
import { ApiError } from '../errors.ts';
import type { Tensor } from '../protocol/tensor.ts';
import { AsyncJobs } from '../serving/async-jobs.ts';
import { createEchoPlane } from '../testdata/echo-plane.ts';
import { createAsyncRoutes } from './async-routes.ts';
import { sharedCodec } from './codec/codec.ts';
import { createV2Server, listen } from './server.ts';
import { WebhookHosts } from './webhook-hosts.ts';
import { Webhooks } from './webhook.ts';

const MAX_BODY = 8 * 1024 * 1024;
const specs = [{ name: 'x', datatype: 'FP32' as const, shape: [-1] }];
const body = JSON.stringify({ id: 'z', inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] });
const result =
  '{"model_name":"iris","model_version":"1","id":"z","outputs":[{"name":"x","datatype":"FP32","shape":[2],"data":[1,2]}]}';

let answer: (inputs: readonly Tensor[]) => Promise<Tensor[]>;
let jobs: AsyncJobs;
let server: Server;
let origin: string;
let failures: unknown[];

beforeEach(async () => {
  answer = async (given) => [...given];
  failures = [];
  const { plane, model } = createEchoPlane({ specs, answer: (given) => answer(given) });
  jobs = new AsyncJobs({ maxJobs: 3, maxBytes: 2 * MAX_BODY, ttlMs: 60_000 });
  const webhooks = new Webhooks({ hosts: new WebhookHosts([]), secret: Buffer.alloc(0) });
  const onFailure = (error: unknown) => failures.push(error);
  const asyncRoutes = createAsyncRoutes({ plane, jobs, webhooks, maxBodyBytes: MAX_BODY, onFailure });
  server = createV2Server({ plane, maxBodyBytes: MAX_BODY, onFailure, asyncRoutes });
  origin = `http://127.0.0.1:${await listen(server, 0)}`;
  await model.load();
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await jobs.drain(0);
});
afterAll(() => sharedCodec.close());

const ask = async (path: string, init?: RequestInit) => {
  const response = await fetch(`${origin}${path}`, init);
  const text = await response.text();
  const { status, headers } = response;
  return { status, headers, text, json: () => JSON.parse(text) as Record<string, string> };
};
const post = (path: string, given: string | Buffer = body, headers: Record<string, string> = {}) =>
  ask(path, { method: 'POST', body: given, headers });
const submit = async (...rest: [(string | Buffer)?, Record<string, string>?]) => {
  const submitted = await post('/v2/models/iris/jobs', ...rest);
  return { ...submitted, path: submitted.headers.get('location') ?? '' };
};

/** Makes the model answer only when the test says so. */
function hold() {
  const running = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  answer = async (given) => {
    running.resolve();
    await gate.promise;
    return [...given];
  };
  return { running: running.promise, release: gate.resolve };
}

test.each([
  ['/v2/models/iris/jobs', {}],
  ['/v2/models/iris/versions/1/jobs', {}],
  ['/v2/models/iris/infer', { prefer: 'respond-async' }],
  ['/v2/models/iris/versions/1/infer', { prefer: 'handling=lenient, Respond-Async; x' }],
])('POST %s with %j gives a job, and its result is what infer would have answered', async (path, headers) => {
  const { release } = hold();
  const submitted = await post(path, body, headers as Record<string, string>);
  expect(submitted.status).toBe(202);
  expect(submitted.headers.get('preference-applied')).toBe('prefer' in headers ? 'respond-async' : null);
  const { id } = submitted.json();
  expect(submitted.headers.get('location')).toBe(`/v2/jobs/${id}`);
  expect(submitted.json()).toMatchObject({ status: 'running', model_name: 'iris' });
  const early = await ask(`/v2/jobs/${id}/result`);
  expect([early.status, early.headers.get('retry-after')]).toEqual([409, '1']);
  const state = await ask(`/v2/jobs/${id}`);
  expect([state.json()['status'], state.headers.get('retry-after')]).toEqual(['running', '1']);
  release();
  expect((await ask(`/v2/jobs/${id}?wait=30`)).json()).toMatchObject({ status: 'succeeded' });
  // As often as one likes, until it is forgotten.
  for (let time = 0; time < 2; time += 1) {
    const fetched = await ask(`/v2/jobs/${id}/result`);
    expect([fetched.status, fetched.text, fetched.headers.get('content-type')]).toEqual([
      200,
      result,
      'application/json',
    ]);
  }
  expect((await ask(`/v2/jobs/${id}`, { method: 'DELETE' })).status).toBe(204);
  expect((await ask(`/v2/jobs/${id}/result`)).status).toBe(404);
});

test('another preference than respond-async is answered at once', async () => {
  expect(await post('/v2/models/iris/infer', body, { prefer: 'return=minimal' })).toMatchObject({
    status: 200,
    text: result,
  });
});

test('Prefer: wait answers in time, or says where to look', async () => {
  const prompt = await post('/v2/models/iris/infer', body, { prefer: 'respond-async, wait=30' });
  expect([prompt.status, prompt.text]).toEqual([200, result]);
  hold();
  expect(await post('/v2/models/iris/infer', body, { prefer: 'respond-async, wait=0' })).toMatchObject({ status: 202 });
});

test('binary requests have binary results, and large ones are read and written beside', async () => {
  const count = 700_000;
  const head = Buffer.from(
    JSON.stringify({
      inputs: [{ name: 'x', datatype: 'FP32', shape: [count], parameters: { binary_data_size: 4 * count } }],
    }),
  );
  const tail = Buffer.from(new Float32Array(count).fill(0.5).buffer);
  const headers = { 'inference-header-content-length': String(head.length) };
  const large = await submit(Buffer.concat([head, tail]), headers);
  const text = await ask(`${large.path}/result?wait=30`);
  const { outputs } = JSON.parse(text.text) as { outputs: { data: number[] }[] };
  expect([text.status, outputs[0]?.data.length, outputs[0]?.data.at(-1)]).toEqual([200, count, 0.5]);
  const raw = await submit(Buffer.from(Float32Array.of(3).buffer), { 'inference-header-content-length': '0' });
  const binary = await fetch(`${origin}${raw.path}/result?wait=30`);
  const length = Number(binary.headers.get('inference-header-content-length'));
  expect(Buffer.from(await binary.arrayBuffer()).readFloatLE(length)).toBe(3);
});

test('a result is compressed for those who take that', async () => {
  const { path } = await submit(
    JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [999], data: Array(999).fill(1) }] }),
  );
  const fetched = await ask(`${path}/result?wait=30`, { headers: { 'accept-encoding': 'gzip' } });
  expect(fetched.headers.get('content-encoding')).toBe('gzip');
  expect(fetched.json()).toMatchObject({ model_name: 'iris' });
});

test('what the model refuses is the result, with the status that infer would have had', async () => {
  const given = JSON.stringify({ inputs: [{ name: 'y', datatype: 'FP32', shape: [1], data: [1] }] });
  const { path, status } = await submit(given);
  const direct = await post('/v2/models/iris/infer', given);
  expect(status).toBe(202);
  const fetched = await ask(`${path}/result?wait=30`);
  expect([fetched.status, fetched.text]).toEqual([direct.status, direct.text]);
  expect((await ask(path)).json()).toMatchObject({ status: 'failed', error: expect.stringContaining('"y"') });
});

test('a failure of the server is logged once and tells nothing of the inside', async () => {
  answer = async () => {
    throw new TypeError('cannot open /secret');
  };
  const { path } = await submit();
  const fetched = await ask(`${path}/result?wait=30`);
  expect([fetched.status, fetched.text.includes('secret'), failures.length]).toEqual([500, false, 1]);
});

test.each<{ name: string; given: string | Buffer; headers?: Record<string, string>; status: number; says: string }>([
  { name: 'not JSON', given: '{', status: 400, says: 'not JSON' },
  { name: 'too large', given: Buffer.alloc(MAX_BODY + 1), status: 413, says: 'larger than' },
  { name: 'compressed wrongly', given: body, headers: { 'content-encoding': 'gzip' }, status: 415, says: 'not gzip' },
  {
    name: 'one with a webhook where they are off',
    given: body,
    headers: { 'webhook-url': 'https://example.com/' },
    status: 403,
    says: '--webhook-hosts',
  },
  {
    name: 'one with a key of blanks',
    given: body,
    headers: { 'idempotency-key': 'a b' },
    status: 400,
    says: 'Idempotency-Key is',
  },
])('a request that is $name is refused when it is handed in', async ({ given, headers, status, says }) => {
  const refused = await submit(given, headers);
  expect([refused.status, refused.path]).toEqual([status, '']);
  expect(refused.json()['error']).toContain(says);
  expect(jobs.figures.stored).toBe(0);
});

test.each([
  { method: 'POST', path: '/v2/models/wine/jobs', status: 404, says: 'no model "wine"' },
  { method: 'POST', path: '/v2/models/iris/versions/7/jobs', status: 404, says: 'version "7"' },
  { method: 'GET', path: '/v2/models/iris/jobs', status: 405, says: 'use POST' },
  { method: 'GET', path: '/v2/jobs', status: 404, says: 'nothing at' },
  { method: 'GET', path: '/v2/jobs/no-such-job', status: 404, says: 'no job of this id' },
  { method: 'GET', path: '/v2/jobs/..%2f..%2fetc', status: 404, says: 'no job of this id' },
  { method: 'GET', path: '/v2/jobs/%ff', status: 400, says: 'cannot be decoded' },
  {
    method: 'GET',
    path: '/v2/jobs/00000000-0000-4000-8000-000000000000/result',
    status: 404,
    says: 'no job of this id',
  },
  { method: 'DELETE', path: '/v2/jobs/00000000-0000-4000-8000-000000000000', status: 404, says: 'no job of this id' },
  { method: 'PUT', path: '/v2/jobs/1', status: 405, says: 'use GET or DELETE' },
  { method: 'POST', path: '/v2/jobs/1/result', status: 405, says: 'use GET' },
])('$method $path is $status', async ({ method, path, status, says }) => {
  const refused = await ask(path, { method, ...(method === 'POST' && { body }) });
  expect(refused.status).toBe(status);
  expect(refused.json()['error']).toContain(says);
});

test.each(['x', '-1', '1e3', ''])('wait=%s is refused', async (wait) => {
  hold();
  const { path } = await submit();
  const refused = await ask(`${path}?wait=${wait}`);
  expect([refused.status, refused.json()['error']]).toEqual([400, expect.stringContaining('wait is')]);
});

test('a job that runs is cancelled; the model serves the next one', async () => {
  const { running, release } = hold();
  const { path } = await submit();
  await running;
  const cancelled = await ask(path, { method: 'DELETE' });
  expect([cancelled.status, cancelled.json()['status']]).toEqual([200, 'cancelled']);
  expect((await ask(`${path}/result`)).status).toBe(499);
  release();
  answer = async (given) => [...given];
  expect((await post('/v2/models/iris/infer')).status).toBe(200);
  expect((await ask(path)).json()['status']).toBe('cancelled');
});

test('with no room, a job is refused with 503 and Retry-After, and there is room once answers are deleted', async () => {
  const paths = [await submit(), await submit(), await submit()].map(({ path }) => path);
  for (const path of paths) await ask(`${path}?wait=30`);
  const refused = await submit();
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  await ask(paths[0] ?? '', { method: 'DELETE' });
  expect((await submit()).status).toBe(202);
});

test('a key given twice makes one job', async () => {
  const headers = { 'idempotency-key': 'order-7' };
  const [first, second] = [await submit(body, headers), await submit(body, headers)];
  expect(second.path).toBe(first.path);
  expect(jobs.figures.stored).toBe(1);
  expect(await submit(body.replace('z', 'y'), headers)).toMatchObject({ status: 400 });
});

test('requests that are waited for go before jobs', async () => {
  const order: number[] = [];
  const { running, release } = hold();
  const busy = post('/v2/models/iris/infer');
  await running;
  const held = answer;
  answer = async (given) => {
    order.push(Number(given[0]?.data[0]));
    return held(given);
  };
  const numbered = (value: number) =>
    JSON.stringify({
      parameters: { priority: 1 },
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [value] }],
    });
  const job = await submit(numbered(1));
  const arrived = once(server, 'request');
  const waited = post('/v2/models/iris/infer', numbered(2));
  await arrived;
  while (jobs.figures.running === 0) await new Promise(setImmediate);
  await new Promise((resolve) =>
    http.get(`${origin}/v2/health/live`, (response) => response.resume().on('end', resolve)),
  );
  release();
  await Promise.all([busy, waited, ask(`${job.path}?wait=30`)]);
  expect(order).toEqual([2, 1]);
});

test('those who wait for a job are answered when the server is shut down', async () => {
  const { running } = hold();
  const { path } = await submit();
  await running;
  const arrived = once(server, 'request');
  const waiting = ask(`${path}/result?wait=60`);
  await arrived;
  await jobs.drain(0);
  const answered = await waiting;
  expect([answered.status, answered.json()['error']]).toEqual([503, expect.stringContaining('shut down')]);
  expect(await submit()).toMatchObject({ status: 503 });
  expect(new ApiError('NotReady', '').httpStatus).toBe(503);
});
