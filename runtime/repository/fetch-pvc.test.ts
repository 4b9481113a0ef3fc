import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describeStorageFailure } from './counted-writer.ts';
import { fetchModel } from './fetch.ts';

let root: string;
let claimDir: string;
let into: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'aimass-pvc-'));
  claimDir = path.join(root, 'claim');
  into = path.join(root, 'cache');
  await mkdir(path.join(claimDir, 'models'), { recursive: true });
  await writeFile(path.join(claimDir, 'models/m.onnx'), 'model');
  await writeFile(path.join(root, 'outside.onnx'), 'outside');
  await symlink('m.onnx', path.join(claimDir, 'models/latest.onnx'));
  await symlink('../../outside.onnx', path.join(claimDir, 'models/escape.onnx'));
  await symlink('../..', path.join(claimDir, 'models/up'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const fetchPath = (file: string, more: { digest?: string; maxBytes?: number } = {}) =>
  fetchModel({
    uri: `pvc://data/${file}`,
    into,
    claimDir,
    maxBytes: 1000,
    timeoutSeconds: 10,
    insecureRegistries: [],
    ...more,
  });
const DIGEST = `sha256:${createHash('sha256').update('model').digest('hex')}`;

test.each(['models/m.onnx', 'models/latest.onnx'])('%s is copied and named by its digest', async (file) => {
  expect(await fetchPath(file)).toEqual({ digest: DIGEST, sizeBytes: 5, cached: false });
});

test.each([
  ['a path upwards', 'models/../../outside.onnx', 'SourceRefused'],
  ['a link that leads out', 'models/escape.onnx', 'SourceRefused'],
  ['a folder link that leads out', 'models/up/outside.onnx', 'SourceRefused'],
  ['an absolute path', '/etc/passwd', 'SourceRefused'],
  ['a folder', 'models', 'SourceRefused'],
  ['a file that is not there', 'models/none.onnx', 'SourceNotFound'],
])('%s (%s) is %s', async (_name, file, reason) => {
  await expect(fetchPath(file)).rejects.toMatchObject({ reason, retryable: false });
  expect(await readdir(into)).toEqual([]);
});

test('digest and cap hold for claims too', async () => {
  await expect(fetchPath('models/m.onnx', { digest: `sha256:${'0'.repeat(64)}` })).rejects.toMatchObject({
    reason: 'DigestMismatch',
  });
  await expect(fetchPath('models/m.onnx', { maxBytes: 4 })).rejects.toMatchObject({ reason: 'SourceTooLarge' });
});

test('a cached copy that is broken is replaced by a whole one', async () => {
  await fetchPath('models/m.onnx');
  await rm(path.join(into, DIGEST.replace(':', '-'), 'model.onnx'));
  expect(await fetchPath('models/m.onnx')).toMatchObject({ cached: false });
  expect(await fetchPath('models/m.onnx', { digest: DIGEST })).toMatchObject({ cached: true });
});

test.each(['ENOSPC', 'EDQUOT'])('a disk that is full (%s) is StorageFull, which can pass', (code) => {
  expect(describeStorageFailure(Object.assign(new Error('write'), { code }))).toMatchObject({
    reason: 'StorageFull',
    retryable: true,
  });
});
