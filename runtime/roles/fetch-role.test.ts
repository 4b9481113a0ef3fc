import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestHub } from '../testdata/hub-server.ts';
import { startHub } from '../testdata/hub-server.ts';
import { externalDataModel } from '../testdata/onnx-builder.ts';
import { runRole, startRole } from '../testdata/run-role.ts';
import type { TestS3 } from '../testdata/s3-server.ts';
import { startS3 } from '../testdata/s3-server.ts';

jest.setTimeout(30_000);
const COMMIT = 'c'.repeat(40);
const weights = Buffer.alloc(4000, 1);
let hub: TestHub;
let s3: TestS3;
let work: string;
let caFile: string;

beforeAll(async () => {
  const files = { 'onnx/model.onnx': externalDataModel('data/weights.bin'), 'onnx/data/weights.bin': weights };
  [hub, s3] = await Promise.all([
    startHub({ 'ada/split': { commits: { [COMMIT]: files }, refs: { main: COMMIT } } }),
    startS3(),
  ]);
  await s3.put('first', 'model.onnx', 'a model');
});
afterAll(() => Promise.all([hub.stop(), s3.stop()]));
beforeEach(async () => {
  work = await mkdtemp(path.join(os.tmpdir(), 'aimass-role-'));
  caFile = path.join(work, 'ca.crt');
  await writeFile(caFile, [...hub.caFiles, s3.caFile].map((file) => readFileSync(file, 'utf8')).join(''));
});
afterEach(() => rm(work, { recursive: true, force: true }));

const fetchRole = (uri: string, ...more: string[]) =>
  runRole(
    path.join(work, 'termination'),
    'fetch',
    '--uri',
    uri,
    '--into',
    path.join(work, 'models'),
    '--ca-file',
    caFile,
    ...more,
  );

test('a repository comes with the weights that its model names, and the report has the commit', async () => {
  const { host } = new URL(hub.store);
  const { code, report } = await fetchRole(
    'hf://ada/split',
    '--hf-endpoint',
    hub.endpoint,
    '--allowed-private-hosts',
    host,
  );
  expect(report).toMatchObject({ ok: true, cached: false, uri: `hf://ada/split@${COMMIT}` });
  expect(code).toBe(0);
  const directory = path.join(work, 'models', String(report['digest']).replace(':', '-'));
  expect(readFileSync(path.join(directory, 'data/weights.bin')).equals(weights)).toBe(true);
});

test('an object is fetched with the Secret and the endpoint of the platform', async () => {
  const secret = path.join(work, 'secret');
  await mkdir(secret);
  for (const [name, value] of Object.entries(s3.login)) await writeFile(path.join(secret, name), value);
  const platform = ['--s3-endpoint', s3.origin, '--s3-region', s3.region];
  const { code, report } = await fetchRole('s3://first/model.onnx', '--credentials-dir', secret, ...platform);
  expect(report).toMatchObject({ ok: true, sizeBytes: 7 });
  expect(report).not.toHaveProperty('uri');
  expect(code).toBe(0);
});

test('a private address is refused until the platform allows it, and the report says who can', async () => {
  const { code, report } = await fetchRole(`s3://first/model.onnx?endpoint=${s3.origin}`);
  expect(report).toMatchObject({ ok: false, reason: 'SourceRefused', retryable: false });
  expect(report['message']).toContain('settings.fetch.allowedPrivateHosts');
  expect(code).toBe(2);
  expect(await readdir(path.join(work, 'models'))).toEqual([]);
});

test('an endpoint that is no address is wrong use', async () => {
  const run = startRole('fetch', '--uri', 'hf://ada/split', '--into', work, '--hf-endpoint', 'hub');
  expect(await run.ended).toBe(64);
  expect(run.complaints()).toContain('--hf-endpoint is "hub"');
});

test('data comes flat under its own names, and a failure speaks of data', async () => {
  const platform = ['--hf-endpoint', hub.endpoint, '--allowed-private-hosts', '127.0.0.1', '--kind', 'data'];
  const { code, report } = await fetchRole('hf://ada/split', ...platform);
  expect(report).toMatchObject({ ok: true, cached: false, uri: `hf://ada/split@${COMMIT}` });
  expect(code).toBe(0);
  expect((await readdir(path.join(work, 'models', 'onnx'))).toSorted()).toEqual(['data', 'model.onnx']);
  const digest = `sha256:${'0'.repeat(64)}`;
  const wrong = await fetchRole('hf://ada/split', ...platform, '--digest', digest);
  expect(wrong.report).toMatchObject({
    reason: 'DigestMismatch',
    message: expect.stringContaining('spec.data[].sha256'),
  });
  expect(wrong.code).toBe(2);
});

test('a model lies in the folder itself with --flat', async () => {
  const platform = ['--hf-endpoint', hub.endpoint, '--allowed-private-hosts', '127.0.0.1'];
  const { code } = await fetchRole('hf://ada/split', ...platform, '--flat');
  expect(code).toBe(0);
  expect((await readdir(path.join(work, 'models'))).toSorted()).toEqual(['.fetched.json', 'data', 'model.onnx']);
});

test.each([
  { flags: ['--kind', 'code'], says: '--kind is "code"' },
  { flags: ['--unpack'], says: '--unpack is for --kind data' },
])('$flags is wrong use', async ({ flags, says }) => {
  const run = startRole('fetch', '--uri', 'hf://ada/split', '--into', work, ...flags);
  expect(await run.ended).toBe(64);
  expect(run.complaints()).toContain(says);
});
