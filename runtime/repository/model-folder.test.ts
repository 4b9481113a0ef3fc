import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { link, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestFolder } from '../testdata/model-folder.ts';
import { addModel, makeTestFolder } from '../testdata/model-folder.ts';
import { openModelFolder } from './model-folder.ts';

const MODEL = addModel(1);
let folder: TestFolder;

beforeEach(async () => {
  folder = await makeTestFolder();
});
afterEach(() => folder.remove('.'));

const scan = () => openModelFolder(folder.path).scan();

/** What was found, as `name/version`, and why the rest was refused. */
async function found(): Promise<{ models: string[]; refused: string[] }> {
  const { models, refused } = await scan();
  return {
    models: models.flatMap(({ name, versions }) => versions.map(({ version }) => `${name}/${version}`)),
    refused: refused.map(({ name, version, reason }) => `${name}/${version}: ${reason}`),
  };
}

type Files = Record<string, string | Buffer>;

test.each<{ name: string; files: Files; want: string[] }>([
  { name: 'a plain file is version 1', files: { 'iris.onnx': MODEL }, want: ['iris/1'] },
  { name: 'a folder with model.onnx is version 1', files: { 'iris/model.onnx': MODEL }, want: ['iris/1'] },
  { name: 'a folder whose only .onnx file has another name', files: { 'iris/iris.onnx': MODEL }, want: ['iris/1'] },
  {
    name: 'version folders, as Triton has them',
    files: { 'm/2/model.onnx': MODEL, 'm/10/model.onnx': MODEL },
    want: ['m/2', 'm/10'],
  },
  {
    name: 'a repository of the Hugging Face Hub',
    files: { 'bert/onnx/model.onnx': MODEL, 'bert/onnx/model_q4.onnx': MODEL, 'bert/tokenizer.json': '{}' },
    want: ['bert/1'],
  },
  {
    name: 'folders and files that are no models are left alone',
    files: { 'train/a.py': '', 'README.md': '', 'x/1.txt': '' },
    want: [],
  },
  {
    name: 'hidden entries are left alone',
    files: { '.git/model.onnx': MODEL, '.x.onnx': MODEL, 'm/.old/model.onnx': MODEL, 'm/model.onnx': MODEL },
    want: ['m/1'],
  },
  {
    name: 'folders that are no versions are not versions',
    files: { 'm/1/model.onnx': MODEL, 'm/01/model.onnx': MODEL, 'm/v2/model.onnx': MODEL },
    want: ['m/1'],
  },
])('$name', async ({ files, want }) => {
  for (const [name, content] of Object.entries(files)) await folder.put(name, content);
  expect(await found()).toEqual({ models: want, refused: [] });
});

test.each<{ name: string; files: Files; want: string; served?: string[] }>([
  {
    name: 'a name with a space',
    files: { 'my model.onnx': MODEL },
    want: 'my model/: The name "my model" cannot be a model',
  },
  { name: 'a name that begins with a dash', files: { '-x/model.onnx': MODEL }, want: '-x/: The name "-x" cannot be' },
  { name: 'a name that is too long', files: { [`${'a'.repeat(129)}.onnx`]: MODEL }, want: 'cannot be a model' },
  { name: 'an empty file', files: { 'm.onnx': '' }, want: 'm/: "m.onnx" holds "m.onnx", which is empty.' },
  {
    name: 'a version without a model',
    files: { 'm/1/readme.txt': '', 'm/2/model.onnx': MODEL },
    want: 'm/1: "m/1" holds no .onnx file.',
    served: ['m/2'],
  },
  {
    name: 'several files and none named model.onnx',
    files: { 'm/a.onnx': MODEL, 'm/b.onnx': MODEL },
    want: 'm/: "m" holds several .onnx files',
  },
  {
    name: 'a folder and a file of one name',
    files: { 'm.onnx': MODEL, 'm/model.onnx': MODEL },
    want: 'm/: There is a folder "m" and a file "m.onnx". Keep one of them.',
  },
  {
    name: 'a model that fetch has put there',
    files: { [`sha256-${'0'.repeat(64)}/model.onnx`]: MODEL },
    want: 'is a fetched model; serve it with --model and --model-dir',
  },
  {
    name: 'broken settings',
    files: { 'm/model.onnx': MODEL, 'm/aimass.json': '{' },
    want: 'm/: "m" has aimass.json, in which the text cannot be read',
  },
  {
    name: 'unknown settings',
    files: { 'm/model.onnx': MODEL, 'm/aimass.json': '{"tasks":1}' },
    want: '"tasks" is not known; known are task, versions, batching, pin',
  },
  {
    name: 'a policy that is none',
    files: { 'm/model.onnx': MODEL, 'm/aimass.yaml': 'versions: newest' },
    want: '"versions" is not "all", "latest 2" or "specific 1,3"',
  },
  {
    name: 'a batch of nothing',
    files: { 'm/model.onnx': MODEL, 'm/aimass.json': '{"batching":{"maxSize":0}}' },
    want: '"batching" is not {"maxSize": N}',
  },
  {
    name: 'a bomb of YAML aliases',
    files: { 'm/model.onnx': MODEL, 'm/aimass.yaml': 'a: &a [x]\nb: [*a, *a]' },
    want: 'the text cannot be read',
  },
])('refused with the reason: $name', async ({ files, want, served = [] }) => {
  for (const [name, content] of Object.entries(files)) await folder.put(name, content);
  const { models, refused } = await found();
  expect(models).toEqual(served);
  expect(refused).toHaveLength(1);
  expect(refused[0]).toContain(want);
  expect(refused[0]).not.toContain(folder.path);
});

test.each<{ name: string; make: (outside: string) => Promise<void>; want: string }>([
  {
    name: 'a file that leads out',
    make: (outside) => symlink(path.join(outside, 'm.onnx'), folder.at('m.onnx')),
    want: 'a link that leads out',
  },
  {
    name: 'a folder that leads out',
    make: (outside) => symlink(path.join(outside, 'm'), folder.at('m')),
    want: 'a link that leads out',
  },
  {
    name: 'a file beside the model that leads out',
    make: async (outside) => {
      await folder.put('m/model.onnx', MODEL);
      await symlink(path.join(outside, 'w.bin'), folder.at('m/w.bin'));
    },
    want: '"w.bin", a link that leads out',
  },
  {
    name: 'a version that leads out',
    make: async (outside) => {
      await mkdir(folder.at('m'));
      await symlink(path.join(outside, 'm'), folder.at('m/1'));
    },
    want: 'm/1',
  },
  {
    name: 'a link to nothing',
    make: () => symlink('nothing.onnx', folder.at('m.onnx')),
    want: 'which leads to nothing',
  },
  {
    name: 'a hard link',
    make: (outside) => link(path.join(outside, 'm.onnx'), folder.at('m.onnx')),
    want: 'which is a hard link; copy the file instead',
  },
  {
    name: 'a hard link beside the model',
    make: async (outside) => {
      await folder.put('m/model.onnx', MODEL);
      await link(path.join(outside, 'm.onnx'), folder.at('m/w.bin'));
    },
    want: '"w.bin", which is a hard link',
  },
])('links are refused: $name', async ({ make, want }) => {
  const outside = await makeTestFolder();
  try {
    await outside.put('m.onnx', MODEL);
    await outside.put('m/model.onnx', MODEL);
    await outside.put('w.bin', 'weights');
    await make(outside.path);
    const { models, refused } = await found();
    expect(models).toEqual([]);
    expect(refused.join()).toContain(want);
    expect(refused.join()).not.toContain(outside.path);
  } finally {
    await outside.remove('.');
  }
});

test('a link that stays inside is followed', async () => {
  await folder.put('store/.data', 'x');
  await folder.put('.v1/model.onnx', MODEL);
  await symlink('.v1', folder.at('current'));
  const { models } = await scan();
  expect(models.map(({ name }) => name)).toEqual(['current']);
  expect(models[0]?.versions[0]?.modelPath).toBe(folder.at('.v1/model.onnx'));
});

test('task, labels and golden examples are found beside the model, or above for all versions', async () => {
  await folder.put('m/config.json', '{"id2label":{"1":"dog","0":"cat"}}');
  await folder.put('m/README.md', '---\nlicense: mit\npipeline_tag: text-classification\n---\n# M');
  await folder.put('m/golden.json', '{}');
  await folder.put('m/1/model.onnx', MODEL);
  await folder.put('m/2/model.onnx', MODEL);
  await folder.put('m/2/labels.txt', 'a\nb\nc\n');
  await folder.put('m/2/golden.json', '{}');
  await folder.put('m/2/aimass.json', '{"task":"feature-extraction","pin":true}');
  const [model] = (await scan()).models;
  const [first, second] = model?.versions ?? [];
  expect(first).toMatchObject({
    task: 'text-classification',
    labels: ['cat', 'dog'],
    directory: folder.at('m'),
    goldenPath: folder.at('m/golden.json'),
  });
  expect(second).toMatchObject({
    task: 'feature-extraction',
    labels: ['a', 'b', 'c'],
    directory: folder.at('m/2'),
    goldenPath: folder.at('m/2/golden.json'),
  });
  expect(model?.settings.isPinned).toBe(true);
});

test('settings are those of the newest version, and files of other servers are named', async () => {
  await folder.put('m/2/model.onnx', MODEL);
  await folder.put('m/10/model.onnx', MODEL);
  await folder.put('m/2/aimass.json', '{"batching":{"maxSize":2}}');
  await folder.put('m/10/aimass.json', '{"batching":{"maxSize":10},"versions":"latest 2"}');
  await folder.put('m/config.pbtxt', 'max_batch_size: 4');
  const [model] = (await scan()).models;
  expect(model).toMatchObject({ settings: { maxBatchRows: 10, versions: { count: 2 } }, ignored: ['config.pbtxt'] });
});

test('the fingerprint changes with any file, and only then', async () => {
  await folder.put('m/1/model.onnx', MODEL);
  await folder.put('m/config.json', '{}');
  const models = openModelFolder(folder.path);
  const look = async () => (await models.scanOne('m')).models[0]?.versions[0]?.fingerprint;
  const first = await look();
  expect(await look()).toBe(first);
  await writeFile(folder.at('m/1/model.onnx'), addModel(2));
  const second = await look();
  expect(second).not.toBe(first);
  await folder.put('m/config.json', '[]');
  expect(await look()).not.toBe(second);
});

test('a thousand models are listed', async () => {
  for (let at = 0; at < 1000; at += 1) await folder.put(`m${at}/1/model.onnx`, MODEL);
  const { models, refused } = await scan();
  expect(models).toHaveLength(1000);
  expect(refused).toEqual([]);
});

test.each(['../m', 'm/1', '', '.', 'a b', `${'a'.repeat(200)}`])(
  'a name that is no name is not looked for: %j',
  async (name) => {
    await folder.put('m/1/model.onnx', MODEL);
    expect(await openModelFolder(folder.at('m')).scanOne(name)).toEqual({ models: [], refused: [] });
  },
);
