import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Call } from '../serving/call.ts';
import type { FolderServer } from '../testdata/folder-server.ts';
import { eventually, requestOf, serveFolder, tensorRequest } from '../testdata/folder-server.ts';
import type { TestFolder } from '../testdata/model-folder.ts';
import { addModel, heavyModel, makeTestFolder, slowModel } from '../testdata/model-folder.ts';
import { unknownOperatorModel } from '../testdata/onnx-builder.ts';

/** What processes share is counted once, so that the budgets here leave room for 72 MiB more or less. */
const MIB = 2 ** 20;
const HEAVY = heavyModel(128);

// Each model is a process, and the machine may be busy with other tests.
jest.setTimeout(60_000);

let folder: TestFolder;
let server: FolderServer | undefined;

beforeEach(async () => {
  folder = await makeTestFolder();
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  await folder.remove('.');
});

async function serve(options: Parameters<typeof serveFolder>[1] = {}): Promise<FolderServer> {
  server = await serveFolder(folder.path, { mode: 'on-demand', ...options });
  return server;
}

const heavy = (plane: FolderServer['plane'], name: string, call = new Call()) =>
  plane.infer({ name }, tensorRequest('x', 'INT64', [1]), call);
const ready = ({ index }: FolderServer) => index().filter((entry) => entry.endsWith(' READY'));

test('a model is loaded by its first request, and requests at the same time share the load', async () => {
  await folder.put('a.onnx', addModel(1));
  await folder.put('b.onnx', addModel(2));
  const { ask, plane, sessions, index } = await serve();
  expect(index()).toEqual(['a/1 UNAVAILABLE', 'b/1 UNAVAILABLE']);
  await plane.checkReady();
  await plane.checkModelReady({ name: 'a' });
  expect(sessions).toEqual([]);
  expect(await Promise.all([ask('a', 1), ask('a', 2), ask('a', 3), ask('b', 1)])).toEqual([2, 3, 4, 3]);
  expect(sessions).toHaveLength(2);
});

test('metadata and files are those of the model, loaded for them', async () => {
  await folder.put('a.onnx', addModel(1));
  const { plane } = await serve();
  expect(await plane.metadata({ name: 'a' })).toMatchObject({ name: 'a', versions: ['1'], inputs: [{ name: 'x' }] });
});

test('the one that was not used for longest goes when the measured memory is above the budget', async () => {
  for (const name of ['a', 'b', 'c', 'd']) await folder.put(`${name}.onnx`, HEAVY);
  const started = await serve({ memoryBudgetBytes: 475 * MIB });
  const { plane } = started;
  await heavy(plane, 'a');
  await heavy(plane, 'b');
  expect(ready(started)).toEqual(['a/1 READY', 'b/1 READY']);
  await heavy(plane, 'a');
  await heavy(plane, 'c');
  expect(ready(started)).toEqual(['a/1 READY', 'c/1 READY']);
  await heavy(plane, 'd');
  expect(ready(started)).toEqual(['c/1 READY', 'd/1 READY']);
  expect(started.events.filter(({ what }) => what === 'model unloaded').map(({ model }) => model)).toEqual(['b', 'a']);
});

test('a model that alone is above the budget fails with the figures, and the others serve', async () => {
  await folder.put('big.onnx', heavyModel(200));
  await folder.put('small.onnx', addModel(1));
  const { plane, ask, index } = await serve({ memoryBudgetBytes: 200 * MIB });
  expect(await ask('small')).toBe(1);
  await expect(heavy(plane, 'big')).rejects.toMatchObject({
    code: 'LoadFailed',
    message: expect.stringMatching(/takes \d+ MiB alone, and the memory budget is 200 MiB \(--memory-budget\)/),
  });
  expect(await ask('small')).toBe(1);
  expect(index()).toEqual(['big/1 UNAVAILABLE', 'small/1 READY']);
});

test('a pinned model is there from the start and stays', async () => {
  await folder.put('pinned/model.onnx', HEAVY);
  await folder.put('pinned/aimass.json', '{"pin":true}');
  for (const name of ['a', 'b']) await folder.put(`${name}.onnx`, HEAVY);
  const started = await serve({ memoryBudgetBytes: 475 * MIB });
  expect(ready(started)).toEqual(['pinned/1 READY']);
  await heavy(started.plane, 'a');
  await heavy(started.plane, 'b');
  expect(ready(started)).toEqual(['b/1 READY', 'pinned/1 READY']);
});

test('a busy model is never unloaded: what needs its room waits until it is idle', async () => {
  await folder.put('busy.onnx', slowModel(100));
  await folder.put('a.onnx', heavyModel(100));
  const started = await serve({ memoryBudgetBytes: 260 * MIB });
  const { plane } = started;
  const slow = plane.infer({ name: 'busy' }, tensorRequest('size', 'INT64', [1800, 1800]), new Call());
  const busy = plane.hosted({ name: 'busy' });
  await eventually(() => busy?.state === 'ready' && busy.isBusy);
  await heavy(plane, 'a');
  await slow;
  expect(ready(started)).toEqual(['a/1 READY']);
});

test('a request does not wait for the load longer than it said, and the load goes on', async () => {
  await folder.put('a.onnx', addModel(1));
  const { plane, ask } = await serve();
  const late = { ...requestOf(1), parameters: { timeout: 1000 } };
  await expect(plane.infer({ name: 'a' }, late, new Call())).rejects.toMatchObject({ code: 'DeadlineExceeded' });
  const call = new Call();
  const cancelled = plane.infer({ name: 'a' }, requestOf(1), call).catch((error: unknown) => error);
  call.cancel();
  expect(await cancelled).toMatchObject({ code: 'Cancelled' });
  expect(await ask('a', 1)).toBe(2);
});

test('a model that cannot be loaded fails each request with the reason, without being tried each time', async () => {
  await folder.put('odd.onnx', unknownOperatorModel());
  const { ask, plane, events } = await serve();
  for (let at = 0; at < 3; at += 1)
    await expect(ask('odd')).rejects.toMatchObject({
      code: 'LoadFailed',
      message: expect.stringContaining('Frobnicate'),
    });
  await expect(plane.checkModelReady({ name: 'odd' })).rejects.toMatchObject({ code: 'NotReady' });
  expect(events.filter(({ what }) => what === 'model cannot be loaded')).toHaveLength(1);
});

test('idle models are unloaded after the time that was given', async () => {
  await folder.put('a.onnx', addModel(1));
  const { ask, repository, index } = await serve({ idleUnloadMs: 50 });
  await ask('a');
  const usedAt = Date.now();
  await eventually(() => Date.now() - usedAt > 60);
  await repository.tidy();
  expect(index()).toEqual(['a/1 UNAVAILABLE']);
  expect(await ask('a')).toBe(1);
});

test('no request fails while many models share little memory', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  for (const [at, name] of names.entries()) await folder.put(`${name}.onnx`, addModel(at));
  const { ask, events } = await serve({ memoryBudgetBytes: 220 * MIB, spares: 1 });
  const client = async (step: number) => {
    for (let turn = 0; turn < 40; turn += 1) {
      const at = (turn * step) % names.length;
      expect(await ask(names[at] ?? '', turn)).toBe(turn + at);
    }
  };
  await Promise.all([1, 2, 3, 5].map(client));
  expect(events.some(({ what }) => what === 'model unloaded')).toBe(true);
});

test('clients may load ahead and unload; the next request loads again', async () => {
  await folder.put('a.onnx', addModel(1));
  const { ask, plane, index } = await serve();
  await plane.load('a');
  expect(index()).toEqual(['a/1 READY']);
  await plane.unload('a');
  expect(index()).toEqual(['a/1 UNAVAILABLE']);
  expect(await ask('a')).toBe(1);
});

test('a thousand models cost nothing until they are asked for', async () => {
  const model = addModel(1);
  for (let at = 0; at < 1000; at += 1) await folder.put(`m${at}.onnx`, model);
  const { ask, index, sessions } = await serve({ memoryBudgetBytes: 300 * MIB });
  expect(index()).toHaveLength(1000);
  expect(await ask('m500', 1)).toBe(2);
  expect(sessions).toHaveLength(1);
});

test('a spare process takes the model, and another spare is started', async () => {
  await folder.put('a.onnx', addModel(1));
  await folder.put('b.onnx', addModel(2));
  const { ask, sessions } = await serve({ spares: 1 });
  expect([await ask('a'), await ask('b')]).toEqual([1, 2]);
  const [first, second] = sessions;
  process.kill(first?.pid ?? 0, 'SIGKILL');
  await first?.lost;
  await eventually(() => sessions.length === 3);
  expect(await ask('a')).toBe(1);
  expect(new Set(sessions.map(({ pid }) => pid)).size).toBe(3);
  expect(second?.pid).toBeGreaterThan(0);
});
