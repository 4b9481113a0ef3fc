import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestRegistry } from '../testdata/registry.ts';
import { startRegistry } from '../testdata/registry.ts';
import { runRole, startRole } from '../testdata/run-role.ts';

jest.setTimeout(30_000);
let registry: TestRegistry;
let work: string;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.stop());
beforeEach(async () => {
  work = await mkdtemp(path.join(os.tmpdir(), 'aimass-role-'));
  await mkdir(path.join(work, 'output'));
  await mkdir(path.join(work, 'converted'));
  await writeFile(path.join(work, 'output/model.joblib'), 'pickle');
  await writeFile(path.join(work, 'converted/model.onnx'), 'graph');
});
afterEach(() => rm(work, { recursive: true, force: true }));

const publishRole = (...more: string[]) =>
  runRole(path.join(work, 'termination'), 'publish', '--from', path.join(work, 'converted'), ...more);

test('the report and the record name both artifacts, whatever the order of the annotations', async () => {
  const to = ['--to', `oci://${registry.host}/team/iris:1`, '--insecure-registries', registry.host];
  const record = path.join(work, 'published.json');
  const more = [...to, '--original-from', path.join(work, 'output'), '--record', record];
  const annotations = ['--annotation', 'aimass.dev/run=1', '--annotation', 'aimass.dev/job=team/iris'];
  const { code, report } = await publishRole(...more, ...annotations);
  expect(code).toBe(0);
  const base = `oci://${registry.host}/team/iris`;
  const { digest, originalDigest } = report;
  const uris = { uri: `${base}@${String(digest)}`, originalUri: `${base}@${String(originalDigest)}` };
  expect(report).toEqual({ ok: true, digest, originalDigest, sizeBytes: 5, ...uris });
  expect({ ok: true, ...(JSON.parse(await readFile(record, 'utf8')) as object) }).toEqual(report);
  await rm(record);
  const turned = [annotations[0], annotations[3], annotations[2], annotations[1]].filter((text) => text !== undefined);
  expect((await publishRole(...more, ...turned)).report).toEqual(report);
});

test('a registry that does not take it is said, with the exit code that fits', async () => {
  const { code, report } = await publishRole('--to', `oci://${registry.host}/team/iris:1`);
  expect(report).toMatchObject({ ok: false, reason: 'PublishFailed', retryable: false });
  expect(report['message']).toContain('settings.fetch.allowedPrivateHosts');
  expect(code).toBe(2);
});

test('an annotation without a value is wrong use', async () => {
  const run = startRole('publish', '--from', work, '--to', 'oci://r.example/a', '--annotation', 'word');
  expect(await run.ended).toBe(64);
  expect(run.complaints()).toContain('--annotation is "word"');
});
