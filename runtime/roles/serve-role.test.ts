import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { divideModel, unknownOperatorModel } from '../testdata/onnx-builder.ts';
import type { RoleRun } from '../testdata/run-role.ts';
import { runRole, startRole } from '../testdata/run-role.ts';

jest.setTimeout(60_000);

const vector = (name: string, data: number[]) => ({ name, shape: [data.length], datatype: 'FP32', data });
const body = JSON.stringify({ inputs: [vector('a', [1]), vector('b', [2])] });
const golden = (q: number) =>
  JSON.stringify({ examples: [{ request: JSON.parse(body) as object, response: { outputs: [vector('q', [q])] } }] });

let directory: string;
let run: RoleRun | undefined;
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'aimass-serve-'));
  await writeFile(path.join(directory, 'model.onnx'), divideModel());
});
afterEach(async () => {
  run?.child.kill('SIGKILL');
  await run?.ended;
  run = undefined;
  await rm(directory, { recursive: true, force: true });
});

/** Starts the real program on free ports and gives the address of its API. */
async function serve(...flags: string[]): Promise<string> {
  run = startRole(
    'serve',
    '--model',
    'm',
    '--model-dir',
    directory,
    '--http-port',
    '0',
    '--metrics-port',
    '0',
    ...flags,
  );
  for (;;) {
    const line = run
      .output()
      .split('\n')
      .find((entry) => entry.includes('"ports"'));
    if (line !== undefined) return `http://127.0.0.1:${(JSON.parse(line) as { ports: { http: number } }).ports.http}`;
    if (run.child.exitCode !== null) throw new Error(run.output());
    await delay(5);
  }
}

test('a real model answers, and its golden example from the artifact makes it ready', async () => {
  await writeFile(path.join(directory, 'golden.json'), golden(0.5));
  const origin = await serve();
  expect((await fetch(`${origin}/v2/models/m/ready`)).status).toBe(200);
  const answered = await fetch(`${origin}/v2/models/m/infer`, { method: 'POST', body });
  expect(await answered.json()).toMatchObject({ outputs: [{ name: 'q', data: [0.5] }] });
});

test('a model that does not give its golden answer never becomes ready, and says why', async () => {
  const file = path.join(directory, 'given.json');
  await writeFile(file, golden(0.7));
  const origin = await serve('--golden', file);
  const probe = await fetch(`${origin}/v2/models/m/ready`);
  expect([probe.status, await probe.json()]).toEqual([503, { error: expect.stringContaining('want 0.7') }]);
});

test('a model that cannot be loaded ends the program with the reason in the termination message', async () => {
  await writeFile(path.join(directory, 'model.onnx'), unknownOperatorModel());
  const flags = ['--model', 'm', '--model-dir', directory, '--http-port', '0', '--metrics-port', '0'];
  const { code, report } = await runRole(path.join(directory, 'termination'), 'serve', ...flags);
  expect(code).toBe(2);
  expect(report).toMatchObject({
    ok: false,
    reason: 'UnsupportedOperator',
    message: expect.stringContaining('Frobnicate'),
  });
});

test('SIGTERM under load fails no request', async () => {
  await writeFile(path.join(directory, 'golden.json'), golden(0.5));
  const origin = await serve('--notice-seconds', '1', '--drain-seconds', '10');
  const dispatcher = new Agent({ connections: 8 });
  const statuses: number[] = [];
  let isListed = true;
  // Stands for the endpoints controller: a pod that is not ready gets no new requests.
  const watchReadiness = async () => {
    while (isListed) {
      const { statusCode, body: probe } = await request(`${origin}/v2/models/m/ready`, { dispatcher });
      await probe.dump();
      isListed = statusCode === 200;
      await delay(20);
    }
  };
  const client = async () => {
    while (isListed) {
      const answered = await request(`${origin}/v2/models/m/infer`, { method: 'POST', body, dispatcher });
      await answered.body.dump();
      statuses.push(answered.statusCode);
      if (statuses.length === 500) run?.child.kill('SIGTERM');
    }
  };
  await Promise.all([watchReadiness(), ...Array.from({ length: 8 }, client)]);
  expect(await run?.ended).toBe(0);
  expect(statuses.length).toBeGreaterThanOrEqual(500);
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  await dispatcher.close();
});

test('the log holds what was served and no address of the file system beyond it', async () => {
  await serve('--notice-seconds', '0');
  run?.child.kill('SIGTERM');
  await run?.ended;
  const lines = (run?.output() ?? '')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string });
  expect(lines.map(({ msg }) => msg)).toEqual(['serving', 'draining', 'stopped']);
});

test.each([
  { args: [], code: 64, says: 'give a role' },
  { args: ['dance'], code: 64, says: 'no role "dance"' },
  { args: ['fetch', '--into', 'x'], code: 64, says: '--uri is missing' },
])('wrong use $args is explained', async ({ args, code, says }) => {
  run = startRole(...args);
  expect(await run.ended).toBe(code);
  expect(run.complaints()).toContain(says);
});

test('--version and --help answer', async () => {
  run = startRole('--version');
  await run.ended;
  const { version } = JSON.parse(await readFile(path.join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  expect(run.output().trim()).toBe(version);
});
