import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { TestFolder } from '../testdata/model-folder.ts';
import { addModel, makeTestFolder } from '../testdata/model-folder.ts';
import type { RoleRun } from '../testdata/run-role.ts';
import { startRole } from '../testdata/run-role.ts';
import { eventually } from '../testdata/folder-server.ts';

jest.setTimeout(60_000);

let folder: TestFolder;
let run: RoleRun | undefined;

beforeEach(async () => {
  folder = await makeTestFolder();
});
afterEach(async () => {
  run?.child.kill('SIGKILL');
  await run?.ended;
  await folder.remove('.');
});

/** Starts the real program over the folder and gives the address that it listens on. */
async function serve(...flags: string[]): Promise<string> {
  const ports = ['--http-port', '0', '--grpc-port', 'off', '--metrics-port', 'off', '--bind-address', '127.0.0.1'];
  const log = ['--termination-log', folder.at('.termination-log'), '--notice-seconds', '0'];
  const started = startRole('serve', '--models-dir', folder.path, ...ports, ...log, ...flags);
  run = started;
  await eventually(() => started.output().includes('"msg":"serving"'), 30_000);
  const line =
    started
      .output()
      .split('\n')
      .find((text) => text.includes('"msg":"serving"')) ?? '{}';
  const { ports: found } = JSON.parse(line) as { ports: { http: number } };
  return `http://127.0.0.1:${found.http}`;
}

async function post(url: string, body: unknown = {}, headers: Record<string, string> = {}) {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body), headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const one = { inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] };

test('one command serves a folder, and clients with the token load and unload', async () => {
  await folder.put('plain.onnx', addModel(1));
  await folder.put('deep/1/model.onnx', addModel(2));
  await folder.put('deep/2/model.onnx', addModel(3));
  await folder.put('.token', 'secret\n');
  const at = await serve('--repository-api', '--repository-token-file', folder.at('.token'), '--version-policy', 'all');
  const asked = await post(`${at}/v2/models/deep/infer`, one);
  expect(asked.body).toMatchObject({ model_version: '2', outputs: [{ data: [4] }] });
  expect((await post(`${at}/v2/models/deep/versions/1/infer`, one)).body).toMatchObject({ outputs: [{ data: [3] }] });
  const token = { authorization: 'Bearer secret' };
  expect((await post(`${at}/v2/repository/models/deep/unload`)).status).toBe(401);
  expect((await post(`${at}/v2/repository/models/deep/unload`, {}, token)).status).toBe(200);
  expect((await post(`${at}/v2/models/deep/infer`, one)).status).toBe(503);
  expect((await post(`${at}/v2/repository/index`, {}, token)).body).toEqual([
    { name: 'deep', version: '1', state: 'UNAVAILABLE', reason: 'unloaded' },
    { name: 'deep', version: '2', state: 'UNAVAILABLE', reason: 'unloaded' },
    { name: 'plain', version: '1', state: 'READY', reason: '' },
  ]);
  expect((await post(`${at}/v2/repository/models/deep/load`, {}, token)).status).toBe(200);
  expect((await post(`${at}/v2/models/deep/infer`, one)).status).toBe(200);
  run?.child.kill('SIGTERM');
  expect(await run?.ended).toBe(0);
});

test('without the switch clients cannot load; on demand, models come with their first request', async () => {
  await folder.put('a.onnx', addModel(1));
  const at = await serve('--model-control', 'on-demand', '--memory-budget', '1Gi');
  expect((await fetch(`${at}/v2/health/ready`)).status).toBe(200);
  expect((await fetch(`${at}/v2/models/a/ready`)).status).toBe(200);
  expect((await post(`${at}/v2/repository/models/a/load`)).status).toBe(403);
  expect((await post(`${at}/v2/models/a/infer`, one)).body).toMatchObject({ outputs: [{ data: [2] }] });
});

test('a folder that is not there ends the program with a reason', async () => {
  const log = folder.at('.termination-log');
  const ended = startRole(
    'serve',
    '--models-dir',
    folder.at('nothing'),
    '--http-port',
    '0',
    '--grpc-port',
    'off',
    '--metrics-port',
    'off',
    '--bind-address',
    '127.0.0.1',
    '--termination-log',
    log,
  );
  run = ended;
  expect(await ended.ended).not.toBe(0);
  expect(ended.output()).toContain('The folder of models is not there');
});
