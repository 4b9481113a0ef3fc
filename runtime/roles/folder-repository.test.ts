import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { utimes, writeFile } from 'node:fs/promises';
import { Call } from '../serving/call.ts';
import type { FolderServer } from '../testdata/folder-server.ts';
import { eventually, requestOf, serveFolder, tensorRequest } from '../testdata/folder-server.ts';
import type { TestFolder } from '../testdata/model-folder.ts';
import { addModel, goldenFor, makeTestFolder, slowModel } from '../testdata/model-folder.ts';
import { externalDataModel, unknownOperatorModel } from '../testdata/onnx-builder.ts';
import { parseVersionPolicy } from '../version-policy.ts';

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

async function serve(...[options]: [Parameters<typeof serveFolder>[1]?]): Promise<FolderServer> {
  server = await serveFolder(folder.path, options);
  return server;
}

test('all models are loaded at the start; one that cannot be is in the index with the reason, and the others serve', async () => {
  await folder.put('plain.onnx', addModel(1));
  await folder.put('deep/3/model.onnx', addModel(2));
  await folder.put('odd.onnx', unknownOperatorModel());
  await folder.put('text.onnx', 'this is no model');
  await folder.put('empty.onnx', '');
  const { ask, plane } = await serve({ isStrict: false });
  expect([await ask('plain', 1), await ask('deep', 1)]).toEqual([2, 3]);
  expect(plane.index(false)).toMatchObject([
    { name: 'deep', version: '3', state: 'READY', reason: '' },
    { name: 'odd', version: '1', state: 'UNAVAILABLE', reason: expect.stringContaining('Frobnicate') },
    { name: 'plain', version: '1', state: 'READY' },
    { name: 'text', version: '1', state: 'UNAVAILABLE', reason: expect.stringContaining('not ONNX') },
    { name: 'empty', state: 'UNAVAILABLE', reason: expect.stringContaining('empty') },
  ]);
  await plane.checkReady();
  await expect(ask('odd')).rejects.toMatchObject({ code: 'NotReady' });
  await expect(ask('empty')).rejects.toMatchObject({ code: 'UnknownModel' });
});

test.each([
  { name: 'a model that cannot be loaded', file: 'odd.onnx', content: unknownOperatorModel(), want: 'Frobnicate' },
  { name: 'a model that is refused', file: 'empty.onnx', content: '', want: 'empty' },
])('a strict server is not ready with $name', async ({ file, content, want }) => {
  await folder.put('m.onnx', addModel(1));
  await folder.put(file, content);
  const { plane } = await serve();
  await expect(plane.checkReady()).rejects.toMatchObject({ code: 'NotReady', message: expect.stringContaining(want) });
});

test('weights outside of the folder are refused before the engine sees the model', async () => {
  await folder.put('m/model.onnx', externalDataModel('../secret.bin'));
  await folder.put('secret.bin', 'x'.repeat(16));
  const { plane, sessions } = await serve();
  expect(plane.index(false)).toMatchObject([
    { name: 'm', state: 'UNAVAILABLE', reason: expect.stringContaining('leads out') },
  ]);
  expect(sessions).toEqual([]);
});

test.each([
  { policy: 'latest', want: ['m/10 READY'] },
  { policy: 'latest 2', want: ['m/2 READY', 'm/10 READY'] },
  { policy: 'all', want: ['m/1 READY', 'm/2 READY', 'm/10 READY'] },
  { policy: 'specific 1', want: ['m/1 READY'] },
])('with the policy "$policy" the versions served are $want', async ({ policy, want }) => {
  for (const version of [1, 2, 10]) await folder.put(`m/${version}/model.onnx`, addModel(version));
  const { index, ask } = await serve({ policy: parseVersionPolicy(policy) ?? { kind: 'all' } });
  expect(index()).toEqual(want);
  const newest = want.at(-1)?.split(/[/ ]/)[1] ?? '';
  expect(await ask('m', 0)).toBe(Number(newest));
  expect(await ask('m', 0, newest)).toBe(Number(newest));
  await expect(ask('m', 0, '7')).rejects.toMatchObject({ code: 'UnknownVersion' });
});

test('a policy in the model’s own settings wins', async () => {
  for (const version of [1, 2]) await folder.put(`m/${version}/model.onnx`, addModel(version));
  await folder.put('m/aimass.yaml', 'versions: specific 1');
  expect((await serve()).index()).toEqual(['m/1 READY']);
});

test('explicit: nothing is loaded but what is asked for, and clients load and unload', async () => {
  await folder.put('a.onnx', addModel(1));
  await folder.put('b.onnx', addModel(2));
  const { index, ask, plane } = await serve({ mode: 'explicit', loadModels: ['b'] });
  expect(index()).toEqual(['a/1 UNAVAILABLE', 'b/1 READY']);
  await expect(ask('a')).rejects.toMatchObject({ code: 'NotReady' });
  await plane.load('a');
  expect(await ask('a', 1)).toBe(2);
  await plane.unload('b');
  expect(index()).toEqual(['a/1 READY', 'b/1 UNAVAILABLE']);
  expect(plane.index(true)).toHaveLength(1);
  await expect(ask('b')).rejects.toMatchObject({ code: 'NotReady' });
  await plane.checkReady();
  await plane.load('b');
  expect(await ask('b', 1)).toBe(3);
});

test('explicit: a load takes new models and changed files, and names what is not there', async () => {
  await folder.put('a.onnx', addModel(1));
  const { ask, plane } = await serve({ mode: 'explicit', loadModels: ['*', 'z'] });
  expect(plane.index(false)).toMatchObject([
    { name: 'a' },
    { name: 'z', reason: 'The folder holds no such model, but --load-model names it.' },
  ]);
  await folder.put('a.onnx', addModel(5));
  await folder.put('new/1/model.onnx', addModel(7));
  expect(await ask('a')).toBe(1);
  await Promise.all([plane.load('a'), plane.load('a'), plane.load('new')]);
  expect([await ask('a'), await ask('new')]).toEqual([5, 7]);
  await expect(plane.load('nothing')).rejects.toMatchObject({ code: 'UnknownModel' });
  await expect(plane.load('../a')).rejects.toMatchObject({ code: 'UnknownModel' });
  await expect(plane.unload('nothing')).rejects.toMatchObject({ code: 'UnknownModel' });
});

test('a load that fails says why, and what was loaded before serves on', async () => {
  await folder.put('a.onnx', addModel(1));
  const { ask, plane } = await serve({ mode: 'explicit', loadModels: ['*'] });
  await folder.put('a.onnx', unknownOperatorModel());
  await expect(plane.load('a')).rejects.toMatchObject({
    code: 'LoadFailed',
    message: expect.stringContaining('Frobnicate'),
  });
  expect(await ask('a')).toBe(1);
  await folder.put('a.onnx', '');
  await expect(plane.load('a')).rejects.toMatchObject({
    code: 'LoadFailed',
    message: expect.stringContaining('empty'),
  });
  expect(await ask('a')).toBe(1);
  await folder.remove('a.onnx');
  await expect(plane.load('a')).rejects.toMatchObject({ code: 'UnknownModel' });
  expect(await ask('a')).toBe(1);
});

test('the repository extension is refused unless it is switched on', async () => {
  await folder.put('a.onnx', addModel(1));
  const { plane } = await serve({ isOpen: false });
  expect(() => plane.index(false)).toThrow('The repository extension is off');
  await expect(plane.load('a')).rejects.toMatchObject({ code: 'Forbidden' });
  await expect(plane.unload('a')).rejects.toMatchObject({ code: 'Forbidden' });
});

test('unloading while it computes tells the client to ask again, and loading brings it back', async () => {
  await folder.put('slow.onnx', slowModel());
  const { plane } = await serve();
  const answer = plane
    .infer({ name: 'slow' }, tensorRequest('size', 'INT64', [3000, 3000]), new Call())
    .catch((error: unknown) => error);
  await eventually(() => plane.hosted({ name: 'slow' })?.isBusy === true);
  await plane.unload('slow');
  expect(await answer).toMatchObject({ code: 'ModelRestarting' });
  await plane.load('slow');
  await plane.checkReady();
});

test('a model whose process dies leaves the others, and comes back', async () => {
  await folder.put('a.onnx', addModel(1));
  await folder.put('b.onnx', addModel(2));
  const { ask, sessions, plane } = await serve();
  const [victim] = sessions;
  process.kill(victim?.pid ?? 0, 'SIGKILL');
  await victim?.lost;
  const answers = await Promise.allSettled([ask('a'), ask('b')]);
  expect(answers.some(({ status }) => status === 'fulfilled')).toBe(true);
  await eventually(() => sessions.length === 3);
  await plane.checkReady();
  expect([await ask('a'), await ask('b')]).toEqual([1, 2]);
});

test('poll: new, changed and removed models are followed', async () => {
  await folder.put('a.onnx', addModel(1));
  await folder.put('b/1/model.onnx', addModel(1));
  const { index, ask, repository } = await serve({ mode: 'poll', pollMs: 3_600_000 });
  await folder.put('c.onnx', addModel(3));
  await folder.put('b/2/model.onnx', addModel(2));
  await folder.remove('a.onnx');
  await repository.look();
  expect(index()).toEqual(['b/2 READY', 'c/1 READY']);
  expect([await ask('b'), await ask('c')]).toEqual([2, 3]);
  await folder.remove('b');
  await repository.look();
  expect(index()).toEqual(['c/1 READY']);
});

test('poll: the folder is looked at by itself', async () => {
  await folder.put('a.onnx', addModel(1));
  const { index } = await serve({ mode: 'poll', pollMs: 10 });
  await folder.put('b.onnx', addModel(2));
  await eventually(() => index().includes('b/1 READY'));
});

test('poll: no request fails while a changed file or a new version takes over', async () => {
  await folder.put('m/1/model.onnx', addModel(1));
  const { ask, repository, index } = await serve({ mode: 'poll', pollMs: 3_600_000 });
  let isOver = false;
  const seen: number[] = [];
  const client = async () => {
    while (!isOver) seen.push(await ask('m'));
  };
  const clients = Promise.all([client(), client(), client(), client()]);
  await folder.put('m/1/model.onnx', addModel(5));
  await repository.look();
  await folder.put('m/2/model.onnx', addModel(9));
  await repository.look();
  await eventually(() => index().join() === 'm/2 READY' && seen.at(-1) === 9);
  isOver = true;
  await clients;
  expect(new Set(seen)).toEqual(new Set([1, 5, 9]));
});

test.each([
  { name: 'is no model', files: { 'm/2/model.onnx': 'half a file' } },
  { name: 'the engine does not know', files: { 'm/2/model.onnx': unknownOperatorModel() } },
  {
    name: 'answers its golden request wrongly',
    files: { 'm/2/model.onnx': addModel(2), 'm/2/golden.json': goldenFor(1, 100) },
  },
])('poll: a new version that $name does not replace the old one, until it is mended', async ({ files }) => {
  await folder.put('m/1/model.onnx', addModel(1));
  const { ask, repository, index, plane } = await serve({ mode: 'poll', pollMs: 3_600_000 });
  for (const [name, content] of Object.entries(files)) await folder.put(name, content);
  await repository.look();
  expect(index()).toEqual(['m/1 READY', 'm/2 UNAVAILABLE']);
  expect(await ask('m')).toBe(1);
  await plane.checkReady();
  await folder.put('m/2/model.onnx', addModel(2));
  await folder.put('m/2/golden.json', goldenFor(1, 3));
  await repository.look();
  expect(index()).toEqual(['m/2 READY']);
  expect(await ask('m')).toBe(2);
});

test('poll: a broken change of the file that serves is told in the index, and is not tried twice', async () => {
  await folder.put('m.onnx', addModel(1));
  const { ask, repository, plane, events } = await serve({ mode: 'poll', pollMs: 3_600_000 });
  await folder.put('m.onnx', unknownOperatorModel());
  await repository.look();
  await repository.look();
  expect(plane.index(false)).toMatchObject([
    { state: 'READY', reason: expect.stringContaining('what was loaded before serves') },
  ]);
  expect(events.filter(({ what }) => what === 'model cannot be loaded')).toHaveLength(1);
  expect(await ask('m')).toBe(1);
});

test('poll: a file that is still being written is left until it rests', async () => {
  await folder.put('m.onnx', addModel(1));
  const { ask, repository } = await serve({ mode: 'poll', pollMs: 3_600_000, stableMs: 100 });
  await writeFile(folder.at('m.onnx'), addModel(2).subarray(0, 40));
  const looked = repository.look();
  const writing = setInterval(() => void utimes(folder.at('m.onnx'), new Date(), new Date()), 10);
  await looked;
  clearInterval(writing);
  expect(await ask('m')).toBe(1);
  await folder.put('m.onnx', addModel(2));
  await repository.look();
  expect(await ask('m')).toBe(2);
});

test('a request that has begun is answered by the model that it began with', async () => {
  await folder.put('m.onnx', addModel(1));
  const { plane, repository } = await serve({ mode: 'poll', pollMs: 3_600_000 });
  await folder.put('m.onnx', addModel(2));
  const answers = Array.from({ length: 50 }, () => plane.infer({ name: 'm' }, requestOf(0), new Call()));
  await Promise.all([repository.look(), ...answers]);
  expect((await Promise.all(answers)).every(({ outputs }) => outputs[0]?.data[0] === 1)).toBe(true);
});

test('a folder that is not there is an error of the start', async () => {
  await expect(serveFolder(folder.at('nothing'))).rejects.toThrow('The folder of models is not there');
});
