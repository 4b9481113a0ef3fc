import { afterEach, expect, jest, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds } from '../engine/process/process-usage.ts';
import { workModel } from '../testdata/onnx-builder.ts';
import type { ServedModel } from '../testdata/serve-model.ts';
import { startRole } from '../testdata/run-role.ts';
import { childrenOf, serveModel } from '../testdata/serve-model.ts';

// Real processes and real work, on a machine that may be busy.
jest.setTimeout(90_000);

let served: ServedModel | undefined;
afterEach(async () => {
  await served?.stop();
  served = undefined;
});

const golden = (size: number) => ({ name: 'size', shape: [2], datatype: 'INT64', data: [size, size] });
const GOLDEN = JSON.stringify({
  examples: [
    {
      request: { inputs: [golden(2)] },
      response: { outputs: [{ name: 'y', shape: [1, 1], datatype: 'FP32', data: [0] }] },
    },
  ],
});

async function start(steps: number, ...flags: string[]): Promise<ServedModel> {
  served = await serveModel({ 'model.onnx': workModel(steps), 'golden.json': GOLDEN }, '--threads', '1', ...flags);
  return served;
}

async function ask({ origin }: ServedModel, path: string, init?: RequestInit) {
  const response = await fetch(`${origin}${path}`, init);
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body: await response.text() };
}
const infer = (server: ServedModel, size: number) =>
  ask(server, '/v2/models/m/infer', { method: 'POST', body: JSON.stringify({ inputs: [golden(size)] }) });

async function untilRunning({ ports }: ServedModel): Promise<void> {
  for (;;) {
    const text = await (await fetch(`http://127.0.0.1:${ports.metrics}/metrics`)).text();
    if (/^aimass_requests_in_flight\{[^}]*\} 1$/m.test(text)) return;
    await delay(5);
  }
}

test.each<{ signal: NodeJS.Signals; says: string }>([
  { signal: 'SIGSEGV', says: 'crashed' },
  { signal: 'SIGABRT', says: 'crashed' },
  { signal: 'SIGKILL', says: 'memory' },
])(
  'a model ended by $signal in a run: a clear error, a front that answers, a model that is back',
  async ({ signal, says }) => {
    const server = await start(300);
    const [child = 0] = server.children();
    const running = infer(server, 1000);
    await untilRunning(server);
    process.kill(child, signal);
    const failed = await running;
    expect(failed).toMatchObject({ status: 503, retryAfter: '1', body: expect.stringContaining(says) });
    expect(failed.body).not.toMatch(new RegExp(`${child}|${server.pid}|/tmp|\\.ts|    at `));
    expect((await ask(server, '/v2/health/live')).status).toBe(200);
    // It waits for the model to be loaded again.
    expect((await infer(server, 2)).status).toBe(200);
    expect((await ask(server, '/v2/models/m/ready')).status).toBe(200);
    expect(server.children()).not.toContain(child);
    const metrics = await (await fetch(`http://127.0.0.1:${server.ports.metrics}/metrics`)).text();
    expect(metrics).toMatch(/^aimass_model_restarts_total\{[^}]*\} 1$/m);
    expect(server.run.child.exitCode).toBeNull();
  },
);

test('a server that is killed takes the run of its model along', async () => {
  const server = await start(2000);
  const [child = 0] = server.children();
  const running = infer(server, 1000).catch(() => 'cut off');
  await untilRunning(server);
  process.kill(server.pid, 'SIGKILL');
  expect(await running).toBe('cut off');
  while (cpuSeconds(child) > 0) await delay(20);
});

test('a run that hangs is ended at its time limit, and the next one is answered', async () => {
  const server = await start(2000, '--run-timeout-seconds', '1');
  expect(await infer(server, 1000)).toMatchObject({ status: 504, body: expect.stringContaining('longer than 1 s') });
  expect((await infer(server, 2)).status).toBe(200);
});

test('a model that wants more memory than it may have fails by itself', async () => {
  const server = await start(0, '--max-model-memory', '512Mi');
  expect((await infer(server, 46_341)).status).toBeGreaterThanOrEqual(500);
  expect((await infer(server, 100)).status).toBe(200);
  expect(server.run.child.exitCode).toBeNull();
});

test('while a model runs, health is answered again and again', async () => {
  const server = await start(40);
  let isRunning = true;
  const running = infer(server, 1500).finally(() => {
    isRunning = false;
  });
  await untilRunning(server);
  let answered = 0;
  while (isRunning) {
    expect((await ask(server, '/v2/health/live')).status).toBe(200);
    answered += 1;
  }
  expect((await running).status).toBe(200);
  expect(answered).toBeGreaterThan(20);
});

test('without requests server and model take next to no CPU', async () => {
  const server = await start(0);
  const pids = [server.pid, ...server.children()];
  expect(pids.length).toBeGreaterThan(1);
  const used = () => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  // What starting leaves to be done.
  await delay(1000);
  const before = used();
  await delay(5000);
  // One percent of a core is the goal; the kernel counts in hundredths of a second.
  expect(used() - before).toBeLessThanOrEqual(0.15);
});

test('told to stop while its model is loaded, the server goes at once', async () => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'aimass-loading-'));
  await writeFile(path.join(directory, 'model.onnx'), workModel(60_000));
  const ports = ['--http-port', '0', '--grpc-port', 'off', '--metrics-port', 'off'];
  const run = startRole('serve', '--model', 'm', '--model-dir', directory, '--notice-seconds', '0', ...ports);
  const isLoading = () => childrenOf(run.child.pid ?? 0).length > 0;
  while (!isLoading() && run.child.exitCode === null) await delay(5);
  run.child.kill('SIGTERM');
  expect(await run.ended).toBe(0);
  await rm(directory, { recursive: true, force: true });
});

test('told to stop while a request runs, the server answers it and goes, and its model with it', async () => {
  const server = await start(20, '--notice-seconds', '0');
  const [child = 0] = server.children();
  const running = infer(server, 1200);
  await untilRunning(server);
  server.run.child.kill('SIGTERM');
  expect((await running).status).toBe(200);
  expect(await server.run.ended).toBe(0);
  expect(cpuSeconds(child)).toBe(0);
});
