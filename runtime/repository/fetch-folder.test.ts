import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { create } from 'tar';
import type { TestHub } from '../testdata/hub-server.ts';
import { startHub } from '../testdata/hub-server.ts';
import type { TestServer } from '../testdata/https-server.ts';
import { startHttpsServer } from '../testdata/https-server.ts';
import type { TestRegistry } from '../testdata/registry.ts';
import { startRegistry } from '../testdata/registry.ts';
import type { TestS3 } from '../testdata/s3-server.ts';
import { startS3 } from '../testdata/s3-server.ts';
import type { FolderRequest } from './fetch-folder.ts';
import { fetchFolder } from './fetch-folder.ts';
import { pushArtifact } from './oci-push.ts';

const COMMIT = 'd'.repeat(40);
const TRAIN = Buffer.from('a,b\n1,2\n');
let hub: TestHub;
let s3: TestS3;
let registry: TestRegistry;
let server: TestServer;
let answers: Record<string, Buffer>;
let asked: string[];
let work: string;
let into: string;

beforeAll(async () => {
  const commits = {
    [COMMIT]: { 'data/train.csv': TRAIN, 'data/big.parquet': Buffer.alloc(5000, 3), '.gitattributes': TRAIN },
  };
  [hub, s3, registry, server] = await Promise.all([
    startHub({ 'datasets/ada/iris': { commits, refs: { main: COMMIT } } }),
    startS3(),
    startRegistry(),
    startHttpsServer(({ url = '' }, response) => {
      asked.push(url);
      const answer = answers[url.split('?')[0] ?? ''];
      return void (answer === undefined ? response.writeHead(404).end() : response.end(answer));
    }),
  ]);
  await s3.createBucket('open', { isPublic: true });
  for (const name of ['train.csv', 'deep/test.csv']) await s3.put('open', `iris/${name}`, TRAIN);
});
afterAll(() => Promise.all([hub.stop(), s3.stop(), registry.stop(), server.stop()]));
beforeEach(async () => {
  work = await mkdtemp(path.join(os.tmpdir(), 'aimass-data-'));
  into = path.join(work, 'data/train');
  asked = [];
  answers = { '/iris/train.csv': TRAIN };
  const authorities = [server.caFile, s3.caFile, ...hub.caFiles].map((file) => readFile(file, 'utf8'));
  await writeFile(path.join(work, 'ca.crt'), (await Promise.all(authorities)).join(''));
});
afterEach(() => rm(work, { recursive: true, force: true }));

const sha256 = (bytes: Uint8Array | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const request = (uri: string, more: Partial<FolderRequest> = {}): FolderRequest => ({
  uri,
  into,
  isData: true,
  maxBytes: 1_000_000,
  timeoutSeconds: 20,
  insecureRegistries: [registry.host],
  allowedPrivateHosts: ['127.0.0.1'],
  caFile: path.join(work, 'ca.crt'),
  claimDir: path.join(work, 'claim'),
  hfEndpoint: hub.endpoint,
  retryDelayMs: 1,
  ...more,
});
const filesIn = async (folder = into) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name !== '.fetched.json')
    .map(({ parentPath, name }) => path.relative(folder, path.join(parentPath, name)))
    .toSorted();
const train = () => `${server.origin}/iris/train.csv?token=1`;

test('a file keeps its name, and is not downloaded again while it is whole', async () => {
  expect(await fetchFolder(request(train()))).toEqual({ digest: sha256(TRAIN), sizeBytes: 8, cached: false });
  expect(await filesIn()).toEqual(['train.csv']);
  expect(await fetchFolder(request(train(), { digest: sha256(TRAIN) }))).toMatchObject({ cached: true });
  expect(asked).toHaveLength(1);
  await rm(path.join(into, 'train.csv'));
  expect(await fetchFolder(request(train()))).toMatchObject({ cached: false });
  expect(await filesIn()).toEqual(['train.csv']);
});

test('another digest than demanded is refused, and what was there stays', async () => {
  await fetchFolder(request(train()));
  await expect(fetchFolder(request(train(), { digest: sha256('other') }))).rejects.toMatchObject({
    reason: 'DigestMismatch',
  });
  expect(await filesIn()).toEqual(['train.csv']);
});

test('another source takes the place of the one before', async () => {
  await fetchFolder(request(train()));
  answers['/other.csv'] = Buffer.from('c');
  await fetchFolder(request(`${server.origin}/other.csv`));
  expect(await filesIn()).toEqual(['other.csv']);
});

test('what a killed pod left behind is taken away, and a folder of somebody else is not', async () => {
  await mkdir(path.join(work, 'data/.staging-train-1'), { recursive: true });
  await mkdir(path.join(work, 'data/.staging-test-1'), { recursive: true });
  await fetchFolder(request(train()));
  expect((await readdir(path.join(work, 'data'))).toSorted()).toEqual(['.staging-test-1', 'train']);
  await mkdir(path.join(work, 'mine'));
  await writeFile(path.join(work, 'mine/notes.txt'), 'mine');
  await expect(fetchFolder(request(train(), { into: path.join(work, 'mine') }))).rejects.toThrow('notes.txt');
});

test('the layers of an artifact come under their titles', async () => {
  const files = ['train.csv', 'labels/names.txt'].map((name) => ({ name, bytes: TRAIN }));
  const { digest } = await pushArtifact({
    registry: registry.host,
    repository: 'd/iris',
    tag: '1',
    files,
    insecure: true,
  });
  expect(await fetchFolder(request(`oci://${registry.host}/d/iris:1`))).toMatchObject({ digest });
  expect(await filesIn()).toEqual(['labels/names.txt', 'train.csv']);
});

test.each([
  { uri: 'iris/train.csv', want: ['train.csv'] },
  { uri: 'iris/', want: ['deep/test.csv', 'train.csv'] },
])('s3 $uri comes as $want', async ({ uri, want }) => {
  const s3Settings = { s3Endpoint: s3.origin, s3Region: s3.region };
  await fetchFolder(request(`s3://open/${uri}`, s3Settings));
  expect(await filesIn()).toEqual(want);
});

test.each([
  { uri: 'hf://datasets/ada/iris', want: ['data/big.parquet', 'data/train.csv'] },
  { uri: 'hf://datasets/ada/iris@main/data', want: ['big.parquet', 'train.csv'] },
  { uri: `hf://datasets/ada/iris@${COMMIT}/data/train.csv`, want: ['train.csv'] },
])('$uri comes as $want, from one commit', async ({ uri, want }) => {
  const { resolvedUri } = await fetchFolder(request(uri));
  expect(resolvedUri).toContain(`hf://datasets/ada/iris@${COMMIT}`);
  expect(await filesIn()).toEqual(want);
});

test('a data set that the hub does not have is not found', async () => {
  await expect(fetchFolder(request('hf://datasets/ada/iris/no'))).rejects.toMatchObject({ reason: 'SourceNotFound' });
  await expect(fetchFolder(request('hf://ada/iris'))).rejects.toMatchObject({ reason: 'SourceNotFound' });
});

test('a file or a folder of a claim is copied, and its digest is that of its files', async () => {
  await mkdir(path.join(work, 'claim/iris/deep'), { recursive: true });
  await writeFile(path.join(work, 'claim/iris/train.csv'), TRAIN);
  await writeFile(path.join(work, 'claim/iris/deep/test.csv'), 'x');
  const list = `${sha256('x').slice(7)}  deep/test.csv\n${sha256(TRAIN).slice(7)}  train.csv\n`;
  expect(await fetchFolder(request('pvc://team/iris'))).toMatchObject({ digest: sha256(list) });
  expect(await filesIn()).toEqual(['deep/test.csv', 'train.csv']);
  expect(await fetchFolder(request('pvc://team/iris/train.csv'))).toMatchObject({ digest: sha256(TRAIN) });
  expect(await filesIn()).toEqual(['train.csv']);
  await symlink('/etc/passwd', path.join(work, 'claim/iris/link'));
  await expect(fetchFolder(request('pvc://team/iris'))).rejects.toMatchObject({ reason: 'SourceRefused' });
});

async function packed(entries: string[], options: { gzip?: boolean; preservePaths?: boolean } = {}): Promise<Buffer> {
  await mkdir(path.join(work, 'pack/sub'), { recursive: true });
  await writeFile(path.join(work, 'pack/a.csv'), TRAIN);
  await writeFile(path.join(work, 'pack/sub/b.csv'), Buffer.alloc(50_000));
  await symlink('/etc/passwd', path.join(work, 'pack/link.csv'));
  const file = path.join(work, 'packed');
  await create({ file, cwd: path.join(work, 'pack/sub'), portable: true, ...options }, entries);
  return readFile(file);
}

test('an archive is unpacked when that is asked for, and left as it is otherwise', async () => {
  const bytes = await packed(['b.csv'], { gzip: true });
  answers['/d.tar.gz'] = bytes;
  const uri = `${server.origin}/d.tar.gz`;
  expect(await fetchFolder(request(uri, { unpack: true }))).toMatchObject({ digest: sha256(bytes), sizeBytes: 50_000 });
  expect(await filesIn()).toEqual(['b.csv']);
  await fetchFolder(request(uri));
  expect(await filesIn()).toEqual(['d.tar.gz']);
});

test.each([
  { name: 'a bomb', entries: ['b.csv'], options: { gzip: true }, maxBytes: 20_000, reason: 'SourceTooLarge' },
  { name: 'a step upwards', entries: ['../a.csv'], options: { preservePaths: true }, reason: 'ArtifactInvalid' },
  { name: 'a link', entries: ['../link.csv'], options: { preservePaths: true }, reason: 'ArtifactInvalid' },
])('an archive with $name is refused, and nothing is left behind', async ({ entries, options, maxBytes, reason }) => {
  answers['/d.tgz'] = await packed(entries, options);
  const more = { unpack: true, ...(maxBytes !== undefined && { maxBytes }) };
  await expect(fetchFolder(request(`${server.origin}/d.tgz`, more))).rejects.toMatchObject({ reason });
  expect(await readdir(path.join(work, 'data'))).toEqual([]);
});

test('a source without an archive cannot be unpacked', async () => {
  await expect(fetchFolder(request(train(), { unpack: true }))).rejects.toThrow('leave unpack out');
});

test('a model lies flat in its folder when that is asked for', async () => {
  const files = ['net.onnx', 'config.json', 'original/model.joblib'].map((name) => ({ name, bytes: TRAIN }));
  const { uri, digest } = await pushArtifact({
    registry: registry.host,
    repository: 'm/iris',
    tag: '1',
    files,
    insecure: true,
  });
  const base = request(uri, { isData: false, digest, into: path.join(work, 'base-model') });
  expect(await fetchFolder(base)).toMatchObject({ digest, cached: false });
  expect(await filesIn(base.into)).toEqual(['config.json', 'model.onnx', 'original/model.joblib']);
  expect(await fetchFolder(base)).toMatchObject({ cached: true });
});

test('a login page in place of data is refused, and a page that is asked for is not', async () => {
  answers['/iris/train.csv'] = Buffer.from('<!doctype html><title>Log in</title>');
  await expect(fetchFolder(request(train()))).rejects.toMatchObject({ reason: 'ArtifactInvalid' });
  answers['/page.html'] = Buffer.from('<!doctype html>');
  await fetchFolder(request(`${server.origin}/page.html`));
  expect(await filesIn()).toEqual(['page.html']);
});
