import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Datatype } from '../protocol/datatype.ts';
import { toFloat16Bits } from '../protocol/float16.ts';
import type { Tensor } from '../protocol/tensor.ts';
import { createLocalWork } from './local-work.ts';
import { ModelFolder, ModelFolders } from './model-folder.ts';
import { pool } from './text/pooling.ts';

const WIDE = readFileSync(path.join(import.meta.dirname, '..', 'testdata', 'tasks', 'images', 'wide.png'));
const spec = (name: string, datatype: Datatype, ...shape: number[]) => ({ name, datatype, shape });
const floats = (name: string, shape: number[], ...values: number[]): Tensor => ({
  name,
  datatype: 'FP32',
  shape,
  data: Float32Array.from(values),
});

let directory = '';
const put = (name: string, value: unknown) => writeFileSync(path.join(directory, name), JSON.stringify(value));
beforeAll(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'aimass-kinds-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const work = createLocalWork();
const requestFor = (task: string, inputs: ReturnType<typeof spec>[], outputs: ReturnType<typeof spec>[]) => ({
  task,
  style: 'huggingface' as const,
  model: { name: 'm', directory, inputs, outputs },
});
const json = (value: unknown) => ({ bytes: Buffer.from(JSON.stringify(value)), contentType: 'application/json' });
const read = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()) as unknown;

test.each([
  ['FP32, channels first', spec('x', 'FP32', -1, 3, 4, 6), [1, 3, 4, 6]],
  ['FP32, channels last', spec('x', 'FP32', -1, 4, 6, 3), [1, 4, 6, 3]],
  ['UINT8, channels last', spec('x', 'UINT8', -1, 4, 6, 3), [1, 4, 6, 3]],
  ['grey', spec('x', 'FP32', -1, 1, 4, 6), [1, 1, 4, 6]],
  ['FP16', spec('x', 'FP16', -1, 3, -1, -1), [1, 3, 4, 6]],
])('an image becomes %s', async (...[, input, shape]) => {
  put('preprocessor_config.json', { do_resize: true, size: { height: 4, width: 6 } });
  const request = requestFor('image-classification', [input], [spec('logits', 'FP32', -1, 2)]);
  const { runs } = await work.prepare(request, { bytes: WIDE, contentType: 'image/png' });
  expect(runs[0]?.[0]).toMatchObject({ datatype: input.datatype, shape });
  const largest = Math.max(...Array.from(runs[0]?.[0]?.data as Float32Array, Number));
  if (input.datatype === 'FP32') expect(largest).toBeLessThanOrEqual(1);
  if (input.datatype === 'UINT8') expect(largest).toBeGreaterThan(100);
  if (input.datatype === 'FP16') expect(largest).toBeLessThanOrEqual(toFloat16Bits(1));
});

test.each([
  ['nothing', undefined, 'preprocessor_config.json of the model is missing'],
  ['a list', [], 'is not a JSON object'],
  ['a size of no use', { do_resize: true, size: { height: 0, width: 6 } }, 'has size.height 0; it must be'],
  ['an unknown filter', { resample: 9 }, 'has resample 9'],
])('a model with %s for images says so', async (...[, config, says]) => {
  rmSync(path.join(directory, 'preprocessor_config.json'), { force: true });
  if (config !== undefined) put('preprocessor_config.json', config);
  const request = requestFor('image-classification', [spec('x', 'FP32', -1, 3, 4, 6)], [spec('logits', 'FP32', -1, 2)]);
  const preparing = work.prepare(request, { bytes: WIDE, contentType: undefined });
  await expect(preparing).rejects.toMatchObject({ code: 'ModelFailed', message: expect.stringContaining(says) });
});

test('detectors that score each class for itself keep the best pairs, best first', async () => {
  put('config.json', { model_type: 'rt_detr', id2label: { 0: 'cat', 1: 'dog' } });
  const request = requestFor('object-detection', [], []);
  const context = {
    logits: 'logits',
    boxes: 'pred_boxes',
    threshold: 0.6,
    sizes: [{ width: 100, height: 50 }],
    isList: false,
  };
  const run = [
    floats('logits', [1, 2, 2], 0, 1, 3, 2),
    floats('pred_boxes', [1, 2, 4], 0.5, 0.5, 1, 1, 0.25, 0.5, 0.1, 0.2),
  ];
  const box = { xmin: 20, ymin: 20, xmax: 30, ymax: 30 };
  expect(read(await work.finish(request, context, [run]))).toEqual([
    { score: expect.closeTo(0.9526, 4) as unknown, label: 'cat', box },
    { score: expect.closeTo(0.8808, 4) as unknown, label: 'dog', box },
  ]);
});

test('a graph that takes the text itself gets it as it is', async () => {
  put('config.json', { id2label: { 0: 'good', 1: 'bad' } });
  const request = requestFor(
    'text-classification',
    [spec('text', 'BYTES', -1, 1)],
    [spec('probabilities', 'FP32', -1, 2)],
  );
  const { runs, context } = await work.prepare(request, json({ inputs: ['größe', 'b'] }));
  expect(runs).toEqual([[{ name: 'text', datatype: 'BYTES', shape: [2, 1], data: ['größe', 'b'] }]]);
  const reply = await work.finish(request, context, [[floats('probabilities', [2, 2], 0.25, 0.75, 0.5, 0.5)]]);
  expect(read(reply)).toEqual([
    [
      { label: 'bad', score: 0.75 },
      { label: 'good', score: 0.25 },
    ],
    [
      { label: 'good', score: 0.5 },
      { label: 'bad', score: 0.5 },
    ],
  ]);
});

test('NaN in an answer is refused, never null', async () => {
  const request = requestFor('text-classification', [], []);
  const context = { output: 'logits', order: [[0]], choice: {} };
  const finishing = work.finish(request, context, [[floats('logits', [1, 2], 1, Number.NaN)]]);
  await expect(finishing).rejects.toMatchObject({ code: 'OutputNotRepresentable' });
});

test.each([
  [
    'several inputs, by name',
    [spec('age', 'INT64', -1, 1), spec('town', 'BYTES', -1)],
    { age: ['41', 7], town: ['Ulm', 'Bonn'] },
    [
      [41n, 7n],
      ['Ulm', 'Bonn'],
    ],
  ],
  ['whole numbers beyond 2^53', [spec('id', 'INT64', -1, 1)], { id: ['9007199254740993'] }, [[9_007_199_254_740_993n]]],
  ['truth', [spec('ok', 'BOOL', -1, 1)], { ok: [true, 0] }, [[1, 0]]],
])('a table of %s becomes tensors', async (...[, inputs, data, want]) => {
  put('config.json', { feature_names: inputs.map(({ name }) => name) });
  const request = requestFor('tabular-classification', inputs, [spec('label', 'INT64', -1)]);
  const { runs } = await work.prepare(request, json({ inputs: { data } }));
  expect(runs[0]?.map((tensor) => [...(tensor.data as Iterable<unknown>)])).toEqual(want);
});

const gaps = [spec('fee', 'FP32', -1, 1), spec('plan', 'BYTES', -1, 1)];
const withGaps = json({ inputs: { data: { fee: ['1.5', null, ''], plan: ['pro', null, ''] } } });

test('a model that says so takes rows with missing values', async () => {
  put('config.json', { feature_names: ['fee', 'plan'], missing_values: true });
  const { runs } = await work.prepare(
    requestFor('tabular-classification', gaps, [spec('label', 'INT64', -1)]),
    withGaps,
  );
  const got = runs[0]?.map((tensor) => [...(tensor.data as Iterable<unknown>)]);
  expect(got).toEqual([
    [1.5, Number.NaN, Number.NaN],
    ['pro', '', ''],
  ]);
});

test('others refuse them', async () => {
  put('config.json', { feature_names: ['fee', 'plan'] });
  const request = requestFor('tabular-classification', gaps, [spec('label', 'INT64', -1)]);
  await expect(work.prepare(request, withGaps)).rejects.toThrow('"fee"[1] is null');
});

const vectors = { values: Float32Array.of(9, 9, 1, 2, 3, 8), size: 2, from: 1, to: 3 };
test.each([
  ['cls', [1, 2]],
  ['lasttoken', [3, 8]],
  ['max', [3, 8]],
  ['mean', [2, 5]],
  ['mean_sqrt_len', [4 / Math.SQRT2, 10 / Math.SQRT2]],
  ['weightedmean', [7 / 3, 6]],
] as const)('pooling by %s looks at the tokens, not at padding', (pooling, want) => {
  expect([...pool(vectors, [pooling])]).toEqual(want.map((value) => expect.closeTo(value, 5) as unknown));
  expect(pool(vectors, [pooling, 'cls'])).toHaveLength(4);
});

test('files that have changed are read again', async () => {
  const folders = new ModelFolders();
  put('config.json', { version: 1 });
  expect(await (await folders.open(directory)).config()).toEqual({ version: 1 });
  put('config.json', { version: 2 });
  utimesSync(path.join(directory, 'config.json'), 1, 1);
  expect(await (await folders.open(directory)).config()).toEqual({ version: 2 });
  await expect(new ModelFolder(directory).need('tokenizer.json')).rejects.toThrow(
    'tokenizer.json of the model is missing',
  );
});
