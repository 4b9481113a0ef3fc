import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import type { TaskRequest } from '../work.ts';
import type { TaskProcessOptions } from './task-process.ts';
import { TaskProcess } from './task-process.ts';

const DATA = path.join(import.meta.dirname, '..', '..', 'testdata', 'tasks');
const tokens = (name: string) => ({ name, datatype: 'INT64' as const, shape: [-1, -1] });
const request: TaskRequest = {
  task: 'text-classification',
  style: 'huggingface',
  model: {
    name: 'classifier',
    directory: path.join(DATA, 'models', 'classifier'),
    inputs: ['input_ids', 'attention_mask', 'token_type_ids'].map(tokens),
    outputs: [{ name: 'logits', datatype: 'FP32', shape: [-1, 3] }],
  },
};
const bodyOf = (inputs: unknown) => ({
  bytes: Buffer.from(JSON.stringify({ inputs, truncate: true })),
  contentType: 'application/json',
});
/** Texts that keep this tokenizer busy for many seconds: long words are its worst case. */
const HEAVY = bodyOf(Array(10).fill('東京'.repeat(50_000)));
const heavyRequest = { ...request, model: { ...request.model, directory: path.join(DATA, 'models', 'tagger-bpe') } };

let work: TaskProcess;
const start = (options: TaskProcessOptions = {}) => (work = new TaskProcess(options));
afterEach(() => work.close());

test('it is started when it is needed, and prepares and finishes', async () => {
  start();
  expect(work.pid).toBeUndefined();
  const prepared = await work.prepare(request, bodyOf('the fox'));
  expect(prepared.runs[0]?.map(({ name, shape }) => [name, shape[0]])).toEqual([
    ['input_ids', 1],
    ['attention_mask', 1],
    ['token_type_ids', 1],
  ]);
  const logits = { name: 'logits', datatype: 'FP32' as const, shape: [1, 3], data: Float32Array.of(0, 1, 0) };
  const reply = await work.finish(request, prepared.context, [[logits]]);
  expect(JSON.parse(Buffer.from(reply).toString())).toMatchObject([[{ label: 'neutral' }, {}, {}]]);
});

test('what it was doing when it dies is refused for now, and the next request starts it anew', async () => {
  const reports: unknown[] = [];
  start({ onLost: (report) => reports.push(report) });
  await work.prepare(request, bodyOf('the fox'));
  const pid = work.pid ?? 0;
  const lost = work.prepare(heavyRequest, HEAVY);
  process.kill(pid, 'SIGKILL');
  await expect(lost).rejects.toMatchObject({ code: 'ModelRestarting' });
  await work.prepare(request, bodyOf('the fox'));
  expect(work.pid).not.toBe(pid);
  expect(reports).toEqual([{ code: null, signal: 'SIGKILL', complaint: '' }]);
});

test('a step that takes too long is given up, and the others go on', async () => {
  start({ stepMs: 2500, concurrency: 1 });
  await work.prepare(request, bodyOf('the fox'));
  const slow = work.prepare(heavyRequest, HEAVY);
  const next = work.prepare(request, bodyOf('the dog'));
  await expect(slow).rejects.toMatchObject({
    code: 'DeadlineExceeded',
    message: expect.stringContaining('longer than 2.5 s'),
  });
  await expect(next).resolves.toMatchObject({ outputs: ['logits'] });
});

test('more than may wait is refused', async () => {
  start({ maxWaiting: 2, concurrency: 1 });
  const all = await Promise.allSettled(Array.from({ length: 6 }, async () => work.prepare(request, bodyOf('the fox'))));
  const refused = all.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(3);
  expect(refused[0]).toMatchObject({ reason: { code: 'QueueFull' } });
});

test('many requests at once are all answered', async () => {
  start();
  const all = await Promise.all(
    Array.from({ length: 100 }, async (_, index) => work.prepare(request, bodyOf(`text ${index}`))),
  );
  expect(all).toHaveLength(100);
});

test('images that break decoders end in refusals, not in its death', async () => {
  start();
  const image: TaskRequest = {
    task: 'image-classification',
    style: 'huggingface',
    model: {
      name: 'detector',
      directory: path.join(DATA, 'models', 'detector'),
      inputs: [{ name: 'pixel_values', datatype: 'FP32', shape: [-1, 3, -1, -1] }],
      outputs: [{ name: 'logits', datatype: 'FP32', shape: [-1, 4] }],
    },
  };
  const files = ['wide.png', 'wide.jpg', 'wide.webp', 'wide.tiff', 'animated.gif', 'cmyk.jpg'].map((file) =>
    readFileSync(path.join(DATA, 'images', file)),
  );
  let refused = 0;
  for (const [index, file] of files.entries()) {
    for (let step = 0; step < 40; step += 1) {
      const broken = Buffer.from(file);
      // The same mutations at every run.
      for (let byte = 12 + step; byte < broken.byteLength; byte += 37 + step)
        broken[byte] = (broken[byte] ?? 0) ^ ((index + 1) * 31 + step);
      await work.prepare(image, { bytes: broken, contentType: undefined }).catch((error: { code: string }) => {
        expect(error.code).toBe('InvalidRequest');
        refused += 1;
      });
    }
  }
  expect(refused).toBeGreaterThan(50);
  await expect(work.prepare(image, { bytes: files[0] as Buffer, contentType: undefined })).resolves.toMatchObject({
    outputs: ['logits'],
  });
}, 60_000);

test('after the end nothing is taken', async () => {
  start();
  await work.prepare(request, bodyOf('the fox'));
  const pid = work.pid ?? 0;
  work.close();
  await expect(async () => work.prepare(request, bodyOf('the fox'))).rejects.toMatchObject({ code: 'NotReady' });
  expect(pid).toBeGreaterThan(0);
});
