import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { divideModel } from '../testdata/onnx-builder.ts';
import type { RoleRun } from '../testdata/run-role.ts';
import { startRole } from '../testdata/run-role.ts';

jest.setTimeout(60_000);

const KEY = Buffer.alloc(32, 9);
const vector = (name: string, data: number[]) => ({ name, shape: [data.length], datatype: 'FP32', data });
const body = JSON.stringify({ inputs: [vector('a', [1]), vector('b', [2])] });

let directory: string;
let run: RoleRun | undefined;
let receiver: http.Server | undefined;
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'aimass-async-'));
  await writeFile(path.join(directory, 'model.onnx'), divideModel());
});
afterEach(async () => {
  run?.child.kill('SIGKILL');
  await run?.ended;
  run = undefined;
  receiver?.closeAllConnections();
  receiver?.close();
  receiver = undefined;
  await rm(directory, { recursive: true, force: true });
});

/** Starts the real program on free ports and gives the addresses of its API and its metrics. */
async function serve(...flags: string[]): Promise<{ origin: string; metrics: string }> {
  const base = [
    '--model',
    'm',
    '--model-dir',
    directory,
    '--http-port',
    '0',
    '--metrics-port',
    '0',
    '--grpc-port',
    'off',
  ];
  run = startRole('serve', ...base, '--bind-address', '127.0.0.1', '--notice-seconds', '0', ...flags);
  for (;;) {
    const lines = run.output().split('\n');
    const line = lines.find((entry) => entry.includes('"ports"'));
    if (line !== undefined) {
      const { ports } = JSON.parse(line) as { ports: { http: number; metrics: number } };
      return { origin: `http://127.0.0.1:${ports.http}`, metrics: `http://127.0.0.1:${ports.metrics}/metrics` };
    }
    if (run.child.exitCode !== null) throw new Error(run.output() + run.complaints());
    await delay(5);
  }
}

const submit = async (origin: string, headers: Record<string, string> = {}) => {
  const submitted = await fetch(`${origin}/v2/models/m/jobs`, { method: 'POST', body, headers });
  return { status: submitted.status, job: (await submitted.json()) as Record<string, string> };
};

test('the real server takes a job, runs it, keeps its answer and counts it', async () => {
  const { origin, metrics } = await serve();
  const { status, job } = await submit(origin);
  expect(status).toBe(202);
  const result = await fetch(`${origin}/v2/jobs/${job['id']}/result?wait=30`);
  expect(await result.json()).toMatchObject({ outputs: [{ name: 'q', data: [0.5] }] });
  const figures = await (await fetch(metrics)).text();
  expect(figures).toContain('aimass_async_jobs_total{outcome="succeeded"} 1');
  expect(figures).toContain('aimass_requests_total{model="m",version="1",code="200"} 1');
});

test('a webhook that fails at first is told again; SIGTERM waits for it', async () => {
  const received: { headers: http.IncomingHttpHeaders; body: string }[] = [];
  const first = Promise.withResolvers<void>();
  receiver = http.createServer((request, response) => {
    void text(request).then((given) => {
      received.push({ headers: request.headers, body: given });
      response.writeHead(received.length === 1 ? 500 : 200).end();
      first.resolve();
    });
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const host = `127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const file = path.join(directory, 'secret');
  await writeFile(file, `whsec_${KEY.toString('base64')}\n`);
  const { origin } = await serve('--webhook-hosts', `http://${host}`, '--webhook-secret-file', file);
  const refused = await submit(origin, { 'webhook-url': 'http://169.254.169.254/' });
  expect([refused.status, refused.job['error']]).toEqual([403, expect.stringContaining('not listed')]);
  const { job } = await submit(origin, { 'webhook-url': `http://${host}/done` });
  await first.promise;
  run?.child.kill('SIGTERM');
  expect(await run?.ended).toBe(0);
  const [before, after] = received;
  expect(received).toHaveLength(2);
  expect(JSON.parse(after?.body ?? '')).toMatchObject({
    type: 'job.succeeded',
    data: { id: job['id'], result: { outputs: [{ data: [0.5] }] } },
  });
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = after?.headers ?? {};
  expect(id).toBe(before?.headers['webhook-id']);
  const want = createHmac('sha256', KEY)
    .update(`${String(id)}.${String(at)}.${after?.body}`)
    .digest('base64');
  expect(signature).toBe(`v1,${want}`);
});

test('jobs can be switched off', async () => {
  const { origin } = await serve('--max-jobs', '0');
  expect((await submit(origin)).status).toBe(404);
  const direct = { method: 'POST', body, headers: { prefer: 'respond-async' } };
  expect((await fetch(`${origin}/v2/models/m/infer`, direct)).status).toBe(200);
});

test.each([
  [['--webhook-hosts', 'a.example'], 'needs --webhook-secret-file'],
  [['--webhook-hosts', 'a.example/x', '--webhook-secret-file', 'x'], '--webhook-hosts holds "a.example/x"'],
  [['--job-ttl-seconds', '9999999'], 'a week'],
  [['--max-jobs', '1.5'], 'not a whole number'],
])('%j is explained', async (flags, says) => {
  run = startRole('serve', '--model', 'm', '--model-dir', directory, ...flags);
  expect(await run.ended).toBe(64);
  expect(run.complaints()).toContain(says);
});
