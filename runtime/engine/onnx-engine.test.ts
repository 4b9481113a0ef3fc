import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Datatype } from '../protocol/datatype.ts';
import type { Tensor, TensorData } from '../protocol/tensor.ts';
import { allocate, elementCount } from '../protocol/tensor.ts';
import {
  ELEMENT,
  buildModel,
  divideModel,
  identityModel,
  node,
  sequenceModel,
  unknownOperatorModel,
  value,
} from '../testdata/onnx-builder.ts';
import { computeThreads, cpusOfQuota } from './cpu-limit.ts';
import { cleanMessage } from './describe-failure.ts';
import type { Engine, Session } from './engine.ts';
import { createProcessEngine } from './process/process-engine.ts';

// Each session is a process, which takes its time on a busy machine.
jest.setTimeout(30_000);

let directory: string;
const sessions: Session[] = [];
let engine: Engine;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'aimass-engine-'));
  engine = createProcessEngine({ loadMs: 30_000, runMs: 10_000, spares: 1 });
});
afterAll(async () => {
  await Promise.all(sessions.map((session) => session.close()));
  engine.close?.();
  await rm(directory, { recursive: true, force: true });
});

/** A tensor of zeros, or of an index that no tensor here has. */
function tensor(name: string, datatype: 'FP32' | 'INT64', shape: number[]): Tensor {
  const data = allocate(datatype, elementCount(shape));
  return { name, datatype, shape, data: data instanceof BigInt64Array ? data.fill(99n) : data };
}

async function load(bytes: Buffer) {
  const file = path.join(directory, 'model.onnx');
  await writeFile(file, bytes);
  const session = await engine.open(file);
  sessions.push(session);
  return session;
}

test.each<{ datatype: Datatype; data: TensorData }>([
  { datatype: 'BOOL', data: Uint8Array.of(1, 0) },
  { datatype: 'UINT8', data: Uint8Array.of(0, 255) },
  { datatype: 'INT8', data: Int8Array.of(-128, 127) },
  { datatype: 'UINT16', data: Uint16Array.of(0, 65535) },
  { datatype: 'INT16', data: Int16Array.of(-32768, 32767) },
  { datatype: 'UINT32', data: Uint32Array.of(0, 4294967295) },
  { datatype: 'INT32', data: Int32Array.of(-2147483648, 2147483647) },
  { datatype: 'UINT64', data: BigUint64Array.of(0n, 18446744073709551615n) },
  { datatype: 'INT64', data: BigInt64Array.of(-9223372036854775808n, 9223372036854775807n) },
  { datatype: 'FP16', data: Uint16Array.of(0x3c00, 0x7bff) },
  { datatype: 'FP32', data: Float32Array.of(-0, 3.4028234663852886e38) },
  { datatype: 'FP64', data: Float64Array.of(5e-324, 1.7976931348623157e308) },
  { datatype: 'BYTES', data: ['', 'süß 🦊'] },
])('$datatype goes through the engine bit by bit', async ({ datatype, data }) => {
  const session = await load(identityModel(ELEMENT[datatype]));
  expect(session.inputs).toEqual([{ name: 'x', datatype, shape: [-1] }]);
  const [output] = await session.run([{ name: 'x', datatype, shape: [2], data }], ['y']);
  expect(output).toMatchObject({ name: 'y', datatype, shape: [2] });
  expect([...(output?.data ?? [])]).toEqual([...data]);
});

test('an empty batch goes through', async () => {
  const session = await load(identityModel(ELEMENT.FP32, ['n', 3]));
  const [output] = await session.run(
    [{ name: 'x', datatype: 'FP32', shape: [0, 3], data: new Float32Array(0) }],
    ['y'],
  );
  expect(output?.shape).toEqual([0, 3]);
});

test('NaN and infinity come out as they are', async () => {
  const session = await load(divideModel());
  const vector = (name: string, ...values: number[]) => ({
    name,
    datatype: 'FP32' as const,
    shape: [2],
    data: Float32Array.from(values),
  });
  const [output] = await session.run([vector('a', 0, 1), vector('b', 0, 0)], ['q']);
  expect([...(output?.data ?? [])]).toEqual([NaN, Infinity]);
});

test.each([
  { name: 'an unknown operator', bytes: unknownOperatorModel(), kind: 'unsupportedOperator', says: 'Frobnicate' },
  { name: 'a sequence output', bytes: sequenceModel(), kind: 'unsupportedType', says: 'not a tensor' },
  { name: 'bfloat16', bytes: identityModel(ELEMENT.BF16), kind: 'unsupportedType', says: '' },
  { name: 'garbage', bytes: Buffer.from('garbage'), kind: 'failed', says: '' },
])('$name is refused as $kind, without a path of the machine', async ({ bytes, kind, says }) => {
  const refusal = load(bytes);
  await expect(refusal).rejects.toMatchObject({ kind, message: expect.stringContaining(says) });
  await expect(refusal).rejects.toMatchObject({ message: expect.not.stringContaining(directory) });
});

test.each<{ name: string; operator: string; b: Tensor; says: string }>([
  { name: 'rows that cannot be divided', operator: 'Div', b: tensor('b', 'FP32', [3, 3]), says: 'broadcast' },
  { name: 'matrices that cannot be multiplied', operator: 'MatMul', b: tensor('b', 'FP32', [4, 5]), says: 'mismatch' },
  { name: 'an index that is not there', operator: 'Gather', b: tensor('b', 'INT64', [1, 1]), says: 'idx=99' },
])('$name are the fault of the input, not of the model', async ({ operator, b, says }) => {
  const elements = b.datatype === 'FP32' ? ELEMENT.FP32 : ELEMENT.INT64;
  const session = await load(
    buildModel({
      nodes: [node(operator, { input: ['a', 'b'], output: ['y'] })],
      inputs: [value('a', ELEMENT.FP32, ['n', 'k']), value('b', elements, ['l', 'm'])],
      outputs: [value('y', ELEMENT.FP32, operator === 'Gather' ? ['o', 'p', 'q'] : ['o', 'p'])],
    }),
  );
  await expect(session.run([tensor('a', 'FP32', [2, 3]), b], ['y'])).rejects.toMatchObject({
    kind: 'invalidInput',
    message: expect.stringContaining(`The operator ${operator} failed: `),
  });
  await expect(session.run([tensor('a', 'FP32', [2, 3]), b], ['y'])).rejects.toMatchObject({
    message: expect.stringMatching(new RegExp(`^(?!.*(\\.h:|::|/\\w+/)).*${says}`)),
  });
});

test('messages lose paths, source locations and addresses', () => {
  const message =
    'Load model from /tmp/x/model.onnx failed:/onnxruntime_src/onnxruntime/core/graph/model.cc:167 onnxruntime::Model::Model(int, bool) Unknown version at 0x7f8a12345678';
  expect(cleanMessage(message)).not.toMatch(/\/tmp|onnxruntime_src|0x7f/);
});

test.each([
  { limit: 0.25, available: 8, threads: 1 },
  { limit: 2, available: 8, threads: 2 },
  { limit: 2.7, available: 8, threads: 2 },
  { limit: 64, available: 8, threads: 8 },
])('$threads threads for a limit of $limit CPUs', ({ limit, available, threads }) => {
  expect(computeThreads(limit, available)).toBe(threads);
});

test('no quota is no limit', () => {
  expect(cpusOfQuota(-1, 100_000)).toBeUndefined();
  expect(cpusOfQuota(Number.NaN, 100_000)).toBeUndefined();
  expect(cpusOfQuota(50_000, 100_000)).toBe(0.5);
});
