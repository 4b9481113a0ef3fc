import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import zlib from 'node:zlib';
import { ELEMENT, identityModel } from '../testdata/onnx-builder.ts';
import type { RoleRun } from '../testdata/run-role.ts';
import { startRole } from '../testdata/run-role.ts';

jest.setTimeout(60_000);

let directory: string;
let run: RoleRun;
let origin: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'aimass-large-'));
  await writeFile(path.join(directory, 'model.onnx'), identityModel(ELEMENT.INT64));
  const base = ['--model', 'm', '--model-dir', directory, '--http-port', '0', '--metrics-port', 'off'];
  run = startRole('serve', ...base, '--grpc-port', 'off', '--bind-address', '127.0.0.1', '--notice-seconds', '0');
  let line: string | undefined;
  while (line === undefined) {
    line = run
      .output()
      .split('\n')
      .find((entry) => entry.includes('"ports"'));
    if (run.child.exitCode !== null) throw new Error(run.output());
    await delay(5);
  }
  origin = `http://127.0.0.1:${(JSON.parse(line) as { ports: { http: number } }).ports.http}`;
});
afterAll(async () => {
  run.child.kill('SIGTERM');
  expect(await run.ended).toBe(0);
  await rm(directory, { recursive: true, force: true });
});

const COUNT = 700_000;
const numbers = Array.from({ length: COUNT }, (_, index) => index * 7);
const body = JSON.stringify({ inputs: [{ name: 'x', datatype: 'INT64', shape: [COUNT], data: numbers }] });
const infer = (given: string | Buffer, headers: Record<string, string> = {}) =>
  fetch(`${origin}/v2/models/m/infer`, { method: 'POST', body: given, headers });
const isAlive = async () => (await fetch(`${origin}/v2/health/live`)).status === 200;

test.each([
  { name: 'as it is', given: body, headers: {} },
  { name: 'compressed', given: zlib.gzipSync(body), headers: { 'content-encoding': 'gzip' } },
])('a large body $name is answered in full, and others are answered meanwhile', async ({ given, headers }) => {
  let isAnswered = false;
  const answered = infer(given, headers).then((response) => {
    isAnswered = true;
    return response.json() as Promise<{ outputs: { data: number[] }[] }>;
  });
  let probes = 0;
  while (!isAnswered) {
    expect(await isAlive()).toBe(true);
    probes += 1;
  }
  expect(probes).toBeGreaterThan(3);
  expect((await answered).outputs[0]?.data).toEqual(numbers);
});

test.each([
  { name: 'an element out of range', given: body.replace('7,14', '7,1e30'), says: 'inputs[0].data[2]' },
  { name: 'a text among numbers', given: body.replace('7,14', '7,"14"'), says: 'inputs[0].data[2] is "14"' },
  { name: 'an end that is missing', given: body.slice(0, -1), says: 'not JSON' },
  { name: 'a shape that does not suit', given: body.replace(`[${COUNT}]`, `[${COUNT + 1}]`), says: 'needs 700001' },
  { name: 'another data type', given: body.replace('INT64', 'FP32'), says: 'the model takes INT64' },
  { name: 'objects without end', given: `{"inputs":[${'{},'.repeat(900_000)}{}]}`, says: '900002 objects' },
  { name: 'lists without end', given: '['.repeat(3_000_000), says: 'lists' },
])('a large body with $name is refused with words, and the server goes on', async ({ given, says }) => {
  const refused = await infer(given);
  const { error } = (await refused.json()) as { error: string };
  expect([400, 413]).toContain(refused.status);
  expect(error).toContain(says);
  expect(await isAlive()).toBe(true);
});
