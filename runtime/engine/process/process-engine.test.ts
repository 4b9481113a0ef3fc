import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ENTRY } from '../../entry.ts';
import { tensorBytes } from '../../protocol/tensor-bytes.ts';
import type { Tensor } from '../../protocol/tensor.ts';
import { ELEMENT, identityModel, workModel } from '../../testdata/onnx-builder.ts';
import type { Engine, Session } from '../engine.ts';
import type { ProcessEngineOptions } from './process-engine.ts';
import { createProcessEngine } from './process-engine.ts';
import type { ProcessSession } from './process-session.ts';
import { residentBytes } from './process-usage.ts';

// Real processes and real work, on a machine that may be busy.
jest.setTimeout(60_000);

const MEBIBYTE = 2 ** 20;
let directory: string;
const engines: Engine[] = [];
const sessions: Session[] = [];
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'aimass-processes-'));
});
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()));
  for (const engine of engines.splice(0)) engine.close?.();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function load(bytes: Buffer, options: Partial<ProcessEngineOptions> = {}): Promise<ProcessSession> {
  const file = path.join(directory, `${sessions.length}.onnx`);
  await writeFile(file, bytes);
  const engine = createProcessEngine({ loadMs: 30_000, runMs: 30_000, ...options });
  engines.push(engine);
  const session = (await engine.open(file, { threads: 1 })) as ProcessSession;
  sessions.push(session);
  return session;
}

const work = (size: number): Tensor[] => [
  { name: 'size', datatype: 'INT64', shape: [2], data: BigInt64Array.of(BigInt(size), BigInt(size)) },
];
const floats = (shape: number[], ...values: number[]): Tensor[] => [
  { name: 'x', datatype: 'FP32', shape, data: Float32Array.from(values) },
];
const isAlive = (pid: number) => residentBytes(pid) > 0;
const answerOf = async (session: Session) => [...((await session.run(floats([1], 7), ['y']))[0]?.data ?? [])];

describe('a process that ends in the middle of a run', () => {
  test.each<{ signal: NodeJS.Signals; kind: string }>([
    { signal: 'SIGSEGV', kind: 'crashed' },
    { signal: 'SIGABRT', kind: 'crashed' },
    { signal: 'SIGFPE', kind: 'crashed' },
    { signal: 'SIGKILL', kind: 'killed' },
  ])('by $signal is $kind, says so without its number, and leaves the others alone', async ({ signal, kind }) => {
    const session = await load(workModel(200));
    const other = await load(identityModel());
    const running = session.run(work(1000), ['y']);
    process.kill(session.pid, signal);
    await expect(running).rejects.toMatchObject({ kind, message: expect.not.stringContaining(String(session.pid)) });
    expect(await session.lost).toMatchObject({ kind });
    await expect(session.run(work(1), ['y'])).rejects.toMatchObject({ kind });
    expect(await answerOf(other)).toEqual([7]);
  });

  test('because it takes too long is hung, and its processor is free again', async () => {
    const session = await load(workModel(1000), { runMs: 300 });
    await expect(session.run(work(1000), ['y'])).rejects.toMatchObject({
      kind: 'hung',
      message: expect.stringContaining('0.3 s'),
    });
    expect(await session.lost).toMatchObject({ kind: 'hung' });
    expect(isAlive(session.pid)).toBe(false);
  });

  test('because the model is unloaded is closed', async () => {
    const session = await load(workModel(1000));
    const running = session.run(work(1000), ['y']);
    const closing = session.close();
    await expect(running).rejects.toMatchObject({ kind: 'closed' });
    await closing;
    expect(isAlive(session.pid)).toBe(false);
  });
});

test('the time limit of a run does not add up over many', async () => {
  const session = await load(identityModel(), { runMs: 400 });
  const until = performance.now() + 1000;
  while (performance.now() < until) expect(await answerOf(session)).toEqual([7]);
});

test('a load that takes too long is given up', async () => {
  await expect(load(workModel(5), { loadMs: 1 })).rejects.toMatchObject({
    kind: 'hung',
    message: expect.stringContaining('0.001 s'),
  });
});

describe('memory', () => {
  test('beyond the limit is refused, or ends this model only', async () => {
    const session = await load(workModel(0), { maxMemoryBytes: 512 * MEBIBYTE });
    const other = await load(identityModel());
    const running = session.run(work(46_341), ['y']);
    await expect(running).rejects.toMatchObject({ kind: expect.stringMatching(/^(outOfMemory|killed|crashed)$/) });
    expect(await answerOf(other)).toEqual([7]);
    expect(residentBytes(process.pid)).toBeLessThan(2048 * MEBIBYTE);
  });

  test('within the limit is given', async () => {
    const session = await load(workModel(0), { maxMemoryBytes: 512 * MEBIBYTE });
    expect((await session.run(work(4000), ['y']))[0]?.data).toEqual(Float32Array.of(0));
  });

  test('comes back after a huge request, of tensors in the graph and of inputs', async () => {
    const [inside, inputs] = [await load(workModel(0)), await load(identityModel())];
    await inside.run(work(8), ['y']);
    await answerOf(inputs);
    const before = [inside.residentBytes(), inputs.residentBytes()];
    await inside.run(work(10_000), ['y']);
    const elements = 32 * MEBIBYTE;
    await inputs.run([{ name: 'x', datatype: 'FP32', shape: [elements], data: new Float32Array(elements) }], ['y']);
    await inside.run(work(8), ['y']);
    await answerOf(inputs);
    for (const [at, session] of [inside, inputs].entries())
      expect(session.residentBytes() - (before[at] ?? 0)).toBeLessThan(48 * MEBIBYTE);
    expect(await inputs.memoryBytes()).toBeGreaterThan(0);
  });
});

test('a spare process takes the next model and is replaced; closing the engine ends it', async () => {
  const file = path.join(directory, 'spare.onnx');
  await writeFile(file, identityModel());
  const engine = createProcessEngine({ loadMs: 30_000, runMs: 30_000, spares: 1 });
  engines.push(engine);
  sessions.push(await engine.open(file));
  while ((await engine.memoryBytes?.()) === 0) await delay(10);
  const second = await engine.open(file);
  sessions.push(second);
  expect(await answerOf(second)).toEqual([7]);
  engine.close?.();
  const other = await engine.open(file);
  sessions.push(other);
  expect(await answerOf(other)).toEqual([7]);
});

test('closing the engine ends loads that are under way', async () => {
  const file = path.join(directory, 'slow.onnx');
  await writeFile(file, workModel(20_000));
  const engine = createProcessEngine({ loadMs: 30_000, runMs: 30_000 });
  const loading = engine.open(file);
  engine.close?.();
  await expect(loading).rejects.toMatchObject({ kind: 'closed' });
});

test('nothing of the environment of the server reaches the process of a model', async () => {
  process.env['AIMASS_TEST_SECRET'] = 'do not tell';
  const session = await load(identityModel());
  expect(await readFile(`/proc/${session.pid}/environ`, 'utf8')).not.toContain('do not tell');
  delete process.env['AIMASS_TEST_SECRET'];
});

test('a process whose server is gone ends by itself', async () => {
  const child = spawn(process.execPath, [ENTRY, 'engine-process'], { stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin.end();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('a large tensor comes back bit by bit, in one frame', async () => {
  const session = await load(identityModel());
  const data = Float32Array.from({ length: 3_000_001 }, (_, index) => index / 7);
  const [output] = await session.run([{ name: 'x', datatype: 'FP32', shape: [data.length], data }], ['y']);
  const bytes = tensorBytes({ data: output?.data ?? [] });
  expect(Buffer.from(data.buffer).equals(bytes)).toBe(true);
});

test('rows of several requests are run together and taken apart again', async () => {
  const session = await load(identityModel(ELEMENT.FP32, ['n', 2]));
  const { answers, computeMs } = await session.runBatch(
    [floats([1, 2], 1, 2), floats([2, 2], 3, 4, 5, 6), floats([1, 2], 7, 8)],
    ['y'],
  );
  expect(answers.map(([output]) => [output?.shape, [...(output?.data ?? [])]])).toEqual([
    [
      [1, 2],
      [1, 2],
    ],
    [
      [2, 2],
      [3, 4, 5, 6],
    ],
    [
      [1, 2],
      [7, 8],
    ],
  ]);
  expect(computeMs).toBeGreaterThan(0);
});
