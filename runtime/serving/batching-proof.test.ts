import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Engine, Session } from '../engine/engine.ts';
import { createProcessEngine } from '../engine/process/process-engine.ts';
import type { Tensor } from '../protocol/tensor.ts';
import { ELEMENT, batchNormalModel, identityModel } from '../testdata/onnx-builder.ts';
import { hasOpenBatch, proveBatching } from './batching-proof.ts';

// Real processes, on a machine that may be busy.
jest.setTimeout(60_000);

let directory: string;
let engine: Engine;
const sessions: Session[] = [];
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'aimass-proof-'));
  engine = createProcessEngine({ loadMs: 30_000, runMs: 30_000, spares: 1 });
});
afterAll(async () => {
  await Promise.all(sessions.map((session) => session.close()));
  engine.close?.();
  await rm(directory, { recursive: true, force: true });
});

async function load(bytes: Buffer): Promise<Session> {
  const file = path.join(directory, 'model.onnx');
  await writeFile(file, bytes);
  const session = await engine.open(file, { threads: 1 });
  sessions.push(session);
  return session;
}

const floats = (shape: number[], ...values: number[]): Tensor[] => [
  { name: 'x', datatype: 'FP32', shape, data: Float32Array.from(values) },
];

test.each<{ name: string; type: keyof typeof ELEMENT; sample: Tensor[] }>([
  { name: 'of a golden request', type: 'FP32', sample: floats([1, 3], 1, 2, 3) },
  { name: 'of made-up floats', type: 'FP32', sample: floats([1, 3], 0.5, 0.5, 0.5) },
  {
    name: 'of made-up integers',
    type: 'INT64',
    sample: [{ name: 'x', datatype: 'INT64', shape: [1, 3], data: BigInt64Array.of(0n, 0n, 0n) }],
  },
  {
    name: 'of made-up texts',
    type: 'BYTES',
    sample: [{ name: 'x', datatype: 'BYTES', shape: [1, 3], data: ['a', 'a', 'a'] }],
  },
])('rows that stand for themselves may: $name', async ({ type, sample }) => {
  const session = await load(identityModel(ELEMENT[type], ['n', 3]));
  expect(hasOpenBatch(session.inputs, session.outputs)).toBe(true);
  expect(await proveBatching(session, sample)).toMatchObject({ isRight: true });
});

test.each<{ name: string; model: () => Buffer; sample: Tensor[]; reason: string }>([
  {
    name: 'a graph that normalises over the batch',
    model: batchNormalModel,
    sample: floats([1, 3], 1, 2, 4),
    reason: 'do not give what they give alone',
  },
  {
    name: 'the same with made-up input',
    model: batchNormalModel,
    sample: floats([1, 3], 0.5, 0.5, 0.5),
    reason: 'do not give what they give alone',
  },
  {
    name: 'a fixed first size',
    model: () => identityModel(ELEMENT.FP32, [1, 3]),
    sample: floats([1, 3], 1, 2, 3),
    reason: 'fixed first size',
  },
  {
    name: 'a golden request of two rows',
    model: () => identityModel(ELEMENT.FP32, ['n']),
    sample: floats([2], 1, 2),
    reason: 'more than one row',
  },
  {
    name: 'a golden request that cannot be varied',
    model: () => identityModel(ELEMENT.BOOL, ['n', 2]),
    sample: [{ name: 'x', datatype: 'BOOL', shape: [1, 2], data: Uint8Array.of(1, 1) }],
    reason: 'does not vary',
  },
])('$name may not', async ({ model, sample, reason }) => {
  const session = await load(model());
  expect(await proveBatching(session, sample)).toMatchObject({
    isRight: false,
    isFaster: false,
    reason: expect.stringContaining(reason),
  });
});
